"""Requests to a running service, as its users send them."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any

import httpx

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
