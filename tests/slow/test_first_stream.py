"""The first stream after a start begins as soon as later ones: replicas are warm when ready."""

import itertools
import json
import statistics
import time
from pathlib import Path

import cv2
import httpx
import pytest

from tests.e2e.client import EXAMPLES, make_avatar, speech
from tests.e2e.serving import serving

pytestmark = pytest.mark.timeout(400)  # eight starts of everything

STARTS = 3
LATER = 7
# On an idle machine 633 ms instead of 256 were seen before replicas warmed up; load hides it.
MOST = 1.5


@pytest.mark.parametrize("given", ["an avatar", "a portrait"])
def test_the_first_stream_is_as_quick_as_those_after_it(tmp_path: Path, given: str) -> None:
    with serving(tmp_path, profile="cpu") as server:
        avatar = make_avatar(server.url)  # known before the starts that are measured
    ratios = []
    for _ in range(STARTS):
        with serving(tmp_path, profile="cpu") as server:
            one = AnAvatar(avatar) if given == "an avatar" else NewPortraits()
            first, *later = [one(server.url) for _ in range(1 + LATER)]
        ratios.append(first / statistics.median(later))
        rest = " ".join(f"{milliseconds:.0f}" for milliseconds in later)
        print(f"\nwith {given}: first {first:.0f} ms, later {rest}; ratio {ratios[-1]:.2f}")
    assert statistics.median(ratios) <= MOST


class AnAvatar:
    def __init__(self, id: str) -> None:
        self._id = id

    def __call__(self, url: str) -> float:
        return first_fragment_ms(url, {"avatar": self._id}, {})


class NewPortraits:
    """Each time a picture that no service has seen: one pixel differs."""

    numbers = itertools.count()

    def __call__(self, url: str) -> float:
        picture = cv2.imread(str(EXAMPLES / "hopper.png"))
        assert picture is not None
        picture[0, 0] = next(self.numbers)
        data = cv2.imencode(".png", picture)[1].tobytes()
        return first_fragment_ms(url, {}, {"portrait": ("portrait.png", data)})


def first_fragment_ms(url: str, form: dict[str, str], files: dict[str, tuple[str, bytes]]) -> float:
    """From the request to the first bytes of a video, which is then read to its end."""
    form = form | {"options": json.dumps({"stream": True})}
    everything = files | {"audio": ("speech.wav", speech(2.0))}
    started = time.perf_counter()
    with httpx.stream(
        "POST", f"{url}/v1/videos", data=form, files=everything, timeout=120
    ) as response:
        assert response.status_code == httpx.codes.OK
        parts = response.iter_raw()
        next(parts)
        seconds = time.perf_counter() - started
        for _ in parts:
            pass
    return 1000 * seconds
