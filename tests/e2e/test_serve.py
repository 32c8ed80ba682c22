"""The real thing: `serve run` of our config, the builtin engine, HTTP; here in one process.

`test_kill.py` runs the stages apart, as the config does by default.
"""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.sync.client import connect

from tests.e2e.client import (
    EXAMPLES,
    make_avatar,
    pcm,
    post_video,
    speak_live,
    speech,
    streaming,
)
from tests.e2e.serving import Server, serving
from tests.fakes import decode, tone

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("fused"), fuse=True) as server:
        yield server


@pytest.fixture(scope="module")
def avatar(server: Server) -> str:
    return make_avatar(server.url)


def test_the_video_arrives_while_it_is_made(server: Server, avatar: str) -> None:
    started, arrivals, body = time.monotonic(), [], b""
    with streaming(server.url, avatar, speech(8.0)) as response:
        assert response.status_code == 200
        assert response.headers["content-type"] == "video/mp4"
        for part in response.iter_raw():
            arrivals.append(time.monotonic() - started)
            body += part
    assert body[4:8] == b"ftyp"
    pictures, sound = decode(body)
    assert len(pictures) == 200
    assert 0 <= len(sound) - 8 * 48_000 < 1024  # the rest of the last packet
    assert arrivals[0] < arrivals[-1] / 3  # the first fragment came long before the last


def test_nothing_waits_for_the_end_of_the_speech(server: Server, avatar: str) -> None:
    def first_part_s(seconds: float) -> float:
        started = time.monotonic()
        with streaming(server.url, avatar, speech(seconds)) as response:
            next(response.iter_raw())
            return time.monotonic() - started

    short, long = [sorted(first_part_s(seconds) for _ in range(3))[1] for seconds in (1.0, 60.0)]
    assert long < 3 * short + 0.2


def test_somebody_speaks_live_and_is_seen_while_speaking(server: Server, avatar: str) -> None:
    """Samples as they would come from a microphone; nobody has said how long it will be."""
    seconds = 4.0
    live = speak_live(server.url, avatar, tone(seconds))
    assert live.said == {"type": "ended", "frames": 100}
    pictures, _ = decode(live.video)
    assert len(pictures) == 100
    assert live.arrivals[0] < seconds / 2
    assert sum(arrival < seconds for arrival in live.arrivals) >= len(live.arrivals) // 2


def test_whoever_leaves_a_live_session_leaves_nothing_running(server: Server, avatar: str) -> None:
    for _ in range(3):
        with connect(f"{server.url.replace('http', 'ws', 1)}/v1/live") as socket:
            socket.send(json.dumps({"avatar": avatar}))
            socket.send(pcm(tone(2.0)))
            assert isinstance(socket.recv(timeout=30), bytes)
    again = speak_live(server.url, avatar, tone(1.0))
    assert again.said["frames"] == 25


def test_a_client_that_leaves_stops_its_work(server: Server, avatar: str) -> None:
    with streaming(server.url, avatar, speech(60.0)) as response:
        record = f"{server.url}{response.headers['content-location']}"
        next(response.iter_raw())
    video = until(record, "canceled")
    assert video["frames"] < 500  # of 1500
    blobs = server.data / "blobs"
    for _ in range(50):  # the streams of the test before may still be tidying up
        left = [*(blobs / "uploads").iterdir(), *blobs.rglob(".part-*")]
        if not left:
            break
        time.sleep(0.1)
    assert left == []


def test_a_job_ends_in_a_file(server: Server, avatar: str) -> None:
    response = post_video(server.url, avatar, speech(2.0))
    assert response.status_code == 202
    video = until(f"{server.url}{response.headers['location']}", "completed")
    content = httpx.get(f"{server.url}{video['content_url']}", timeout=30)
    assert len(decode(content.content)[0]) == 50


def test_errors_are_problems_without_tracebacks(server: Server, avatar: str) -> None:
    no_audio = post_video(server.url, avatar, b"not audio", stream=True)
    assert no_audio.status_code == 422
    assert (no_audio.json()["code"], no_audio.json()["param"]) == ("audio_unreadable", "audio")
    no_picture = httpx.post(
        f"{server.url}/v1/avatars", files={"portrait": ("a.txt", b"not a picture")}, timeout=60
    )
    assert (no_picture.status_code, no_picture.json()["code"]) == (422, "portrait_unreadable")
    assert "Traceback" not in no_audio.text + no_picture.text


def test_the_examples_are_served(server: Server) -> None:
    for path in EXAMPLES.iterdir():
        response = httpx.get(f"{server.url}/examples/{path.name}")
        assert response.content == Path(path).read_bytes()


def until(record: str, status: str, seconds: float = 60) -> dict[str, Any]:
    """The record of a video, once it has that status."""
    give_up = time.monotonic() + seconds
    while time.monotonic() < give_up:
        video: dict[str, Any] = httpx.get(record, timeout=30).json()
        if video["status"] == status:
            return video
        time.sleep(0.1)
    raise AssertionError(f"still {video}")
