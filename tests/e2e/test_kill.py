"""Replicas die in the middle of a call, and the stream does not notice: not one frame is lost."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.client import Stream, make_avatar, speech
from tests.e2e.serving import Server, serving
from tests.fakes import decode

SECONDS = 16.0
ROUNDS = 4
REPEATED = "repeating a call after ActorDiedError"
pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Three processes for the three stages, which are busy for as long as a stream lasts."""
    with serving(
        tmp_path_factory.mktemp("graph"),
        profile="cpu",
        fuse=False,
        deterministic=True,
    ) as server:
        yield server


@pytest.fixture(scope="module")
def avatar(server: Server) -> str:
    return make_avatar(server.url, "hopper.png")


@pytest.fixture(scope="module")
def undisturbed(server: Server, avatar: str) -> bytes:
    stream = Stream(server.url, avatar, speech(SECONDS))
    stream.start()
    return stream.body()


@pytest.mark.parametrize("stage", ["Renderer", "MotionDiffusion", "AudioEncoder"])
def test_a_killed_replica_loses_no_frame(
    server: Server, avatar: str, undisturbed: bytes, stage: str
) -> None:
    """Repeated until a kill met a call that was running: only then does the ingress repeat one."""
    for _ in range(ROUNDS):
        repeated = server.log.count(REPEATED)
        stream = Stream(server.url, avatar, speech(SECONDS))
        stream.start()
        wait_for(lambda: len(stream.parts) >= 2)  # noqa: B023 - called at once
        (victim,) = server.replicas(stage)
        stop_while_it_computes(victim)
        assert stream.is_alive()
        os.kill(victim, signal.SIGKILL)
        video = stream.body()
        assert len(decode(video)[0]) == int(SECONDS * 25)
        assert video == undisturbed
        wait_for(lambda: victim not in server.replicas(stage) != [])  # noqa: B023
        if server.log.count(REPEATED) > repeated:
            return
    raise AssertionError(f"none of {ROUNDS} kills met a running call")


def stop_while_it_computes(pid: int) -> None:
    """SIGSTOP at a moment when the process is using most of a core: it is in a batch."""
    until = time.monotonic() + 20
    while time.monotonic() < until:
        before, since = cpu_ns(pid), time.monotonic_ns()
        time.sleep(0.002)
        if cpu_ns(pid) - before > 0.6 * (time.monotonic_ns() - since):
            os.kill(pid, signal.SIGSTOP)
            return
    raise AssertionError("the replica never computed")


def cpu_ns(pid: int) -> int:
    """Nanoseconds of CPU that all threads of a process have used (Linux)."""
    tasks = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(task.read_text().split()[0]) for task in tasks)


def wait_for(condition: Callable[[], bool], seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.02)
