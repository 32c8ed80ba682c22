"""The speed the README promises: service against library in one run, and first fragments."""

import statistics
import subprocess
import sys
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest

from talkhead.media.audio import probe_audio
from tests.bench import streams_at_once
from tests.e2e.client import make_avatar
from tests.e2e.serving import Server, serving

RUNS = 10
SPEECH = Path(str(files("talkhead") / "examples" / "speech.flac"))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("speed"), profile="cpu", limits=NO_PACE) as server:
        yield server


NO_PACE = {"lead_seconds": 60}  # throughput is measured, not the clock


def library_speed_alone() -> float:
    """In a process of its own: here every call has its shapes checked."""
    code = (
        "import asyncio, tests.bench as bench;"
        "bench.console.quiet = True;"
        "print(asyncio.run(bench.library_speed(5)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return float(done.stdout)


def test_the_service_keeps_up_with_the_library(server: Server) -> None:
    library = library_speed_alone()
    avatar, audio = make_avatar(server.url), SPEECH.read_bytes()
    rounds = [streams_at_once(server, avatar, audio, 1) for _ in range(RUNS + 1)][1:]
    seconds = probe_audio(SPEECH).duration_s
    speed = statistics.median(seconds / readers[0].arrivals[-1] for readers in rounds)
    firsts = sorted(1000 * readers[0].arrivals[0] for readers in rounds)
    print(f"\nlibrary {library:.2f} x real time, service {speed:.2f} x ({speed / library:.0%})")
    print(f"first fragment: p50 {statistics.median(firsts):.0f} ms, worst {firsts[-1]:.0f} ms")
    assert speed >= 0.9 * library
    assert library >= 2.5
    assert statistics.median(firsts) <= 400
    assert firsts[-1] <= 800
