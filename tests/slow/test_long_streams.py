"""Minutes of video: memory stays flat, and a client that stops reading stops the work."""

import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.e2e.client import make_avatar, speech, streaming
from tests.e2e.serving import Server, children, serving

LEAD_S = 10.0  # deployments/settings.py
MINUTES = 4.0


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("long"), profile="cpu") as server:
        yield server


@pytest.fixture(scope="module")
def avatar(server: Server) -> str:
    return make_avatar(server.url)


def test_work_for_a_client_that_stops_reading_is_bounded(server: Server, avatar: str) -> None:
    """Serve's proxy reads on for the client; the pace is what bounds the work and the memory."""
    with streaming(server.url, avatar, speech(2.0)) as response:
        response.read()
    before = megabytes(server)
    with streaming(server.url, avatar, speech(120.0)) as response:
        parts = response.iter_raw()
        next(parts)
        started = time.monotonic()
        time.sleep(25.0)
        stalled = time.monotonic() - started
        record = httpx.get(f"{server.url}{response.headers['content-location']}").json()
        grown = megabytes(server) - before
    seconds = record["frames"] / 25
    print(f"\nstalled for {stalled:.0f} s: {seconds:.1f} s of 120 s made, {grown:+.0f} MB")
    assert 1.0 < seconds <= stalled + LEAD_S + 3.0
    assert grown < 60


def test_memory_is_flat_over_a_long_stream(server: Server, avatar: str) -> None:
    samples: list[float] = []
    started = time.monotonic()
    with streaming(server.url, avatar, speech(60 * MINUTES)) as response:
        for _ in response.iter_raw():
            if time.monotonic() - started > 20 * (len(samples) + 1):
                samples.append(megabytes(server))
    took = time.monotonic() - started
    print(f"\n{MINUTES:.0f} min of video in {took:.0f} s; replicas' MB every 20 s: {samples}")
    third = max(1, len(samples) // 3)
    assert max(samples[-third:]) <= max(samples[:third]) + 40


def megabytes(server: Server) -> float:
    """What the replicas and the proxy have allocated, and their shares of shared memory.

    Pages of files are left out: a library's count for less while others on the machine map it too,
    and swung by 50 MB when they came and went.
    """
    total = 0
    for pid, command in children(server.process.pid):
        if "ServeReplica" in command or "ProxyActor" in command:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
            fields = [line.split() for line in lines[1:]]
            total += sum(int(f[1]) for f in fields if f[0] in ("Pss_Anon:", "Pss_Shmem:"))
    return total / 1024
