"""Two hundred clients leave in the middle of their stream, and nothing stays behind."""

import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.e2e.client import make_avatar, speech, streaming
from tests.e2e.serving import Server, children, serving

LEAVERS = 200


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("leavers"), profile="cpu") as server:
        yield server


def test_two_hundred_leavers_leave_nothing(server: Server) -> None:
    avatar, audio = make_avatar(server.url), speech(30.0)
    for _ in range(20):
        leave(server, avatar, audio)
    settle(server)
    before = footprint(server)
    started = time.monotonic()
    for _ in range(LEAVERS):
        leave(server, avatar, audio)
    seconds = time.monotonic() - started
    settle(server)
    after = footprint(server)
    print(f"\n{LEAVERS} leavers in {seconds:.0f} s; before {before}, after {after}")
    assert after["threads"] <= before["threads"] + 4
    assert after["files"] <= before["files"] + 8
    assert after["megabytes"] <= 1.1 * before["megabytes"] + 50
    videos = httpx.get(f"{server.url}/v1/videos?limit=1000", timeout=60).json()["data"]
    assert len(videos) == LEAVERS + 20
    assert {video["status"] for video in videos} == {"canceled"}
    # Thirty seconds are 750 frames; a client that leaves after the first fragment costs few.
    assert max(video["frames"] for video in videos) <= 150
    blobs = server.data / "blobs"
    assert not list((blobs / "uploads").iterdir())
    assert not list(blobs.rglob(".part-*"))


def leave(server: Server, avatar: str, audio: bytes) -> None:
    with streaming(server.url, avatar, audio) as response:
        next(response.iter_raw())


def settle(server: Server) -> None:
    """Until no video is being made."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        videos = httpx.get(f"{server.url}/v1/videos?limit=1000", timeout=60).json()["data"]
        if all(video["status"] != "in_progress" for video in videos):
            return
        time.sleep(0.5)
    raise AssertionError("some videos are still being made")


def footprint(server: Server) -> dict[str, float]:
    """Threads, open files and memory of the application's replicas together."""
    total = {"threads": 0.0, "files": 0.0, "megabytes": 0.0}
    for pid, command in children(server.process.pid):
        if "ServeReplica" in command:
            process = Path(f"/proc/{pid}")
            total["threads"] += len(list((process / "task").iterdir()))
            total["files"] += len(list((process / "fd").iterdir()))
            rollup = (process / "smaps_rollup").read_text().splitlines()
            pss = next(line for line in rollup if line.startswith("Pss:"))
            total["megabytes"] += int(pss.split()[1]) // 1024
    return total
