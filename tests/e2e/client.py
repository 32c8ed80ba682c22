"""Requests to a running service, as its users send them."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

import httpx
from websockets.sync.client import ClientConnection, connect

from talkhead.timing import SAMPLE_RATE
from talkhead.types import Waveform
from tests.fakes import tone, wav_bytes

EXAMPLES = Path(str(files("talkhead") / "examples"))


def make_avatar(url: str, portrait: str = "collins.png") -> str:
    """The id of a new avatar of an example portrait."""
    picture = (portrait, (EXAMPLES / portrait).read_bytes())
    response = httpx.post(f"{url}/v1/avatars", files={"portrait": picture}, timeout=60)
    assert response.status_code == httpx.codes.CREATED, response.text
    return str(response.json()["id"])


def post_video(url: str, avatar: str, audio: bytes, **options: Any) -> httpx.Response:
    """The whole answer to a request for a video."""
    return httpx.post(
        f"{url}/v1/videos",
        data={"avatar": avatar, "options": json.dumps(options)},
        files={"audio": ("speech.wav", audio)},
        timeout=120,
    )


@contextmanager
def streaming(url: str, avatar: str, audio: bytes, **options: Any) -> Iterator[httpx.Response]:
    """An answer that is read as it comes."""
    with httpx.stream(
        "POST",
        f"{url}/v1/videos",
        data={"avatar": avatar, "options": json.dumps({"stream": True, **options})},
        files={"audio": ("speech.wav", audio)},
        timeout=120,
    ) as response:
        yield response


def speech(seconds: float) -> bytes:
    """A tone: what is said does not matter here."""
    return wav_bytes(tone(seconds))


class Stream(threading.Thread):
    """Reads one video in a thread; `parts` and their `arrivals` grow as it comes."""

    def __init__(self, url: str, avatar: str, audio: bytes, **options: Any) -> None:
        super().__init__()
        self.parts: list[bytes] = []
        self.arrivals: list[float] = []  # seconds since the request was sent
        self._request = (url, avatar, audio)
        self._options = options

    def run(self) -> None:
        started = time.perf_counter()
        with streaming(*self._request, **self._options) as response:
            for part in response.iter_raw():
                self.arrivals.append(time.perf_counter() - started)
                self.parts.append(part)

    def body(self, seconds: float = 90) -> bytes:
        """The whole video, once it is there."""
        self.join(seconds)
        assert not self.is_alive()
        return b"".join(self.parts)


@dataclass
class LiveSession:
    """What came back of a live session, and when, in seconds since the first sample."""

    video: bytes = b""
    arrivals: list[float] = field(default_factory=list)
    said: dict[str, Any] = field(default_factory=dict)

    def listen(self, socket: ClientConnection, started: float) -> None:
        while not self.said:
            message = socket.recv(timeout=60)
            if isinstance(message, str):
                self.said = json.loads(message)
            else:
                self.arrivals.append(time.monotonic() - started)
                self.video += message


def pcm(waveform: Waveform) -> bytes:
    return (waveform * 32767).astype("<i2").tobytes()


def speak_live(url: str, avatar: str, waveform: Waveform, **options: Any) -> LiveSession:
    """A whole session, its samples sent at the speed of speech, a tenth of a second at a time."""
    data, piece, session = pcm(waveform), SAMPLE_RATE // 10 * 2, LiveSession()
    with connect(f"{url.replace('http', 'ws', 1)}/v1/live", max_size=None) as socket:
        socket.send(json.dumps({"avatar": avatar, **options}))
        started = time.monotonic()
        listener = threading.Thread(target=session.listen, args=(socket, started))
        listener.start()
        for turn, start in enumerate(range(0, len(data), piece)):
            time.sleep(max(0, started + turn / 10 - time.monotonic()))
            socket.send(data[start : start + piece])
        socket.send(json.dumps({"type": "end"}))
        listener.join(timeout=120)
    return session
