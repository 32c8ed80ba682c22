"""A live session over a WebSocket, without Ray: what is spoken is seen, whatever way it arrives."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from starlette.testclient import TestClient, WebSocketTestSession
from starlette.websockets import WebSocketDisconnect

from deployments.api import live
from deployments.api.app import build_api
from talkhead.limits import Limits
from talkhead.pipeline.local import LocalStages
from talkhead.service.service import Service
from talkhead.storage.blobs import open_blobs
from talkhead.types import Waveform
from tests.fakes import (
    BrightnessRenderer,
    FakeEngine,
    decode,
    grey_portrait,
    png_bytes,
    tone,
    wav_bytes,
)

RATE = 16_000


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    stages = LocalStages.load(FakeEngine(), open_blobs(tmp_path)).stages
    limits = Limits(streams=2, audio_seconds=5)
    service = Service.open({"fake": stages}, tmp_path, limits)
    with TestClient(build_api(service)) as client:
        yield client
        assert service.live._places.taken == 0


@pytest.fixture
def avatar(client: TestClient) -> str:
    files = {"portrait": ("grey.png", png_bytes(grey_portrait()))}
    made = client.post("/v1/avatars", files=files, data={"consent": "mine"})
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


def pcm(waveform: Waveform) -> bytes:
    return (waveform * 32767).astype("<i2").tobytes()


def spoken(socket: WebSocketTestSession, data: bytes, piece: int) -> None:
    for start in range(0, len(data), piece):
        socket.send_bytes(data[start : start + piece])
    socket.send_text('{"type": "end"}')


def answer(socket: WebSocketTestSession) -> tuple[bytes, dict[str, Any]]:
    """The video, and what was said at last."""
    video = b""
    while True:
        message = socket.receive()
        if message.get("bytes"):
            video += message["bytes"]
        elif message.get("text"):
            return video, json.loads(message["text"])
        else:
            raise AssertionError(message)


def session(client: TestClient, avatar: str, data: bytes, piece: int, **given: Any) -> Any:
    with client.websocket_connect("/v1/live") as socket:
        socket.send_json({"avatar": avatar, "engine": "fake", **given})
        spoken(socket, data, piece)
        return answer(socket)


@pytest.mark.parametrize("piece", [640, 4_001, 100_000])
def test_a_live_session_is_the_video_of_its_speech(
    client: TestClient, avatar: str, piece: int
) -> None:
    """In pieces cut anywhere; the same bytes each time, and as many frames as the speech has."""
    data = pcm(tone(1.63))
    video, said = session(client, avatar, data, piece)
    assert said == {"type": "ended", "frames": 41}
    pictures, sound = decode(video)
    assert len(pictures) == 41
    assert np.abs(sound).max() > 0.1
    assert video == session(client, avatar, data, 999)[0]


def test_frames_come_while_somebody_speaks(client: TestClient, avatar: str) -> None:
    """The end of the speech is not known, and not waited for."""
    data = pcm(tone(1.0))
    with client.websocket_connect("/v1/live") as socket:
        socket.send_json({"avatar": avatar, "engine": "fake"})
        socket.send_bytes(data)
        assert socket.receive_bytes()[4:8] == b"ftyp"
        socket.send_text('{"type": "end"}')
        answer(socket)


@pytest.mark.parametrize("rate", [8_000, 24_000, 48_000])
def test_other_rates_last_as_long(client: TestClient, avatar: str, rate: int) -> None:
    data = pcm(np.repeat(tone(0.5), 3)[: rate // 2])
    _, said = session(client, avatar, data, 5_000, sample_rate=rate)
    assert said["frames"] == 13


@pytest.mark.parametrize(
    ("first", "param"),
    [
        ("no JSON", "options"),
        ("[1]", "options"),
        ("{}", "avatar"),
        ('{"avatar": 3}', "avatar"),
        ('{"avatar": "avt_none", "engine": "fake"}', "avatar"),
        ('{"avatar": "AVATAR", "engine": "other"}', "options.engine"),
        ('{"avatar": "AVATAR", "engine": "fake", "sample_rate": 3}', "audio"),
        ('{"avatar": "AVATAR", "engine": "fake", "size": 33}', "options.size"),
        ('{"avatar": "AVATAR", "engine": "fake", "controls": {"x": 1}}', "options.controls.x"),
        ('{"avatar": "AVATAR", "engine": "fake", "character": "a"}', "options.character"),
        ('{"avatar": "AVATAR", "engine": "fake", "speed": 2}', "speed"),
    ],
)
def test_bad_options_are_refused_by_name(
    client: TestClient, avatar: str, first: str, param: str
) -> None:
    with client.websocket_connect("/v1/live") as socket:
        socket.send_text(first.replace("AVATAR", avatar))
        video, said = answer(socket)
        assert video == b""
        assert said["type"] == "error"
        assert said["param"] == param
        assert said["message"]
        with pytest.raises(WebSocketDisconnect) as closed:
            socket.receive_bytes()
        assert closed.value.code == 1008


def test_what_else_may_come_is_refused(
    client: TestClient, avatar: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = {"avatar": avatar, "engine": "fake"}
    with client.websocket_connect("/v1/live") as socket:
        socket.send_bytes(b"12")
        assert answer(socket)[1]["message"].startswith("the first message must be the options")
    with client.websocket_connect("/v1/live") as socket:
        socket.send_json(options)
        socket.send_text("stop")
        assert answer(socket)[1]["param"] == "type"
    with client.websocket_connect("/v1/live") as socket:
        socket.send_json(options)
        socket.send_bytes(bytes(1_000_001))
        assert "1000000 are possible" in answer(socket)[1]["message"]
    _, said = session(client, avatar, pcm(tone(5.1)), 32_000)
    assert said["code"] == "audio_too_long"
    monkeypatch.setattr(live, "_SILENT_S", 0.05)
    with client.websocket_connect("/v1/live") as socket:
        socket.send_json(options)
        assert answer(socket)[1]["code"] == "audio_truncated"


def test_our_own_fault_is_said_and_never_looks_like_an_end(
    client: TestClient, avatar: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A device's errors are RuntimeErrors; so are those of a connection that is gone."""

    def broken(*_: Any, **__: Any) -> Any:
        raise RuntimeError("the device broke")

    monkeypatch.setattr(BrightnessRenderer, "render", broken)
    with client.websocket_connect("/v1/live") as socket:
        socket.send_json({"avatar": avatar, "engine": "fake"})
        spoken(socket, pcm(tone(0.4)), 640)
        _, said = answer(socket)
        assert said["code"] == "internal_error"
        assert "device" not in said["message"]
        with pytest.raises(WebSocketDisconnect) as closed:
            socket.receive_bytes()
        assert closed.value.code == 1011


def test_places_are_shared_with_streams_and_come_back(client: TestClient, avatar: str) -> None:
    options = {"avatar": avatar, "engine": "fake"}
    one = client.websocket_connect("/v1/live")
    two = client.websocket_connect("/v1/live")
    with one as first, two as second:
        for socket in (first, second):
            socket.send_json(options)
            socket.send_bytes(pcm(tone(1.0)))
            socket.receive_bytes()
        with client.websocket_connect("/v1/live") as third:
            third.send_json(options)
            assert answer(third)[1]["code"] == "capacity_exhausted"
        refused = client.post(
            "/v1/videos",
            files={"audio": ("speech.wav", wav_bytes(tone(0.4)))},
            data={"avatar": avatar, "options": '{"engine": "fake", "stream": true}'},
        )
        assert refused.status_code == 503
    _, said = session(client, avatar, pcm(tone(0.4)), 640)
    assert said["frames"] == 10
