"""Replicas die in the middle of a call, and the stream does not notice: not one frame is lost."""

import os
import signal
import time
from collections.abc import Callable, Iterator

import pytest

from tests.e2e.client import Stream, make_avatar, speech
from tests.e2e.serving import Server, serving
from tests.fakes import decode

SECONDS = 16.0
REPEATED = "repeating a call after ActorDiedError"
pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Three processes for the three stages; a lead short enough that a stream lasts."""
    with serving(
        tmp_path_factory.mktemp("graph"),
        profile="cpu",
        fuse=False,
        deterministic=True,
        threads=1,
        limits={"lead_seconds": 1},
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
    """The replica is stopped first: the stream stalls, so a call is with it when it is killed."""
    stream = Stream(server.url, avatar, speech(SECONDS))
    stream.start()
    wait_for(lambda: len(stream.parts) >= 2)
    (victim,) = server.replicas(stage)
    os.kill(victim, signal.SIGSTOP)
    wait_until_stalled(stream)
    assert stream.is_alive()
    repeated = server.log.count(REPEATED)
    os.kill(victim, signal.SIGKILL)
    video = stream.body()
    wait_for(lambda: server.log.count(REPEATED) > repeated)
    assert len(decode(video)[0]) == int(SECONDS * 25)
    assert video == undisturbed


def wait_for(condition: Callable[[], bool], seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.02)


def wait_until_stalled(stream: Stream, seconds: float = 2.5) -> None:
    """Longer without a fragment than any pause that pacing makes."""
    seen, since = len(stream.parts), time.monotonic()
    while time.monotonic() - since < seconds:
        if len(stream.parts) != seen:
            seen, since = len(stream.parts), time.monotonic()
        time.sleep(0.05)
