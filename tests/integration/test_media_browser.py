"""Fragments in a real browser's Media Source Extensions: what was appended can be played."""

import base64
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from talkhead.media.aac import HELD_SAMPLES
from talkhead.media.h264 import codec_string
from talkhead.timing import SOUND_PER_FRAME
from talkhead.types import Fragment
from tests.e2e.browser import browsing
from tests.media_fakes import clicking, cut, flashing, mux

_APPEND_AND_PLAY = """
async ([parts, mime]) => {
  const video = document.createElement("video");
  video.muted = true;  // or the browser wants a click first
  document.body.append(video);
  const source = new MediaSource();
  video.src = URL.createObjectURL(source);
  await new Promise((done) => (source.onsourceopen = done));
  const buffer = source.addSourceBuffer(mime);
  const playable = [];
  for (const part of parts) {
    const bytes = Uint8Array.from(atob(part), (letter) => letter.charCodeAt(0));
    await new Promise((done, fail) => {
      buffer.onupdateend = done;
      buffer.onerror = () => fail(new Error("the browser refused a fragment"));
      buffer.appendBuffer(bytes);
    });
    const ranges = video.buffered;
    playable.push([...Array(ranges.length).keys()].map((i) => [ranges.start(i), ranges.end(i)]));
  }
  source.endOfStream();
  video.playbackRate = 2;
  const ended = new Promise((done) => (video.onended = done));
  await video.play();
  await ended;
  const quality = video.getVideoPlaybackQuality();
  return { playable, duration: video.duration, frames: quality.totalVideoFrames };
}
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with browsing() as browser:
        yield browser


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with browser.new_context() as context:
        yield context.new_page()


def _play(page: Page, fragments: Sequence[Fragment], mime: str) -> dict[str, Any]:
    parts = [base64.b64encode(fragment.payload).decode() for fragment in fragments]
    played: dict[str, Any] = page.evaluate(_APPEND_AND_PLAY, [parts, mime])
    return played


@pytest.mark.parametrize("sizes", [(1, 4), (5, 10, 25)])
def test_each_fragment_makes_its_frames_playable(page: Page, sizes: Sequence[int]) -> None:
    """With the sound 64 ms ahead, the browser can play up to the last frame appended."""
    frames, sound = flashing(50, [20], size=128), clicking(50, [20])
    fragments = mux(frames, sound, sizes, lead=HELD_SAMPLES)
    codec = codec_string(cut(frames[:1], (1,))[0].sps)
    played = _play(page, fragments, f'video/mp4; codecs="{codec}, mp4a.40.2"')
    assert played["duration"] == pytest.approx(2.0, abs=1e-3)
    assert played["frames"] == 50
    reached = 0
    for fragment, ranges in zip(fragments[:-1], played["playable"], strict=False):
        reached += fragment.frames
        assert len(ranges) == 1
        assert ranges[0][0] == 0
        if reached * SOUND_PER_FRAME + HELD_SAMPLES <= len(sound):  # later there is no more lead
            assert ranges[0][1] == pytest.approx(reached / 25, abs=1e-3)
