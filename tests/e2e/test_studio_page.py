"""The studio page in a real browser: it plays what is being made, all of it, until stopped."""

import time
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from talkhead.limits import Limits
from talkhead.timing import FRAME_RATE
from tests.e2e.browser import complaints, number, text, visiting
from tests.e2e.studio_page import DONE_MS, finish, make, sound
from tests.e2e.studio_server import Studio, studio
from tests.fakes import decode

FRAME_S = 1 / FRAME_RATE
LONG_S = 180


def position(page: Page) -> float:
    """Where the playback is, in seconds."""
    return float(page.evaluate("document.getElementById('video').currentTime"))


def buffered_to(page: Page) -> float:
    """How far the playback can come with what the player holds, in seconds."""
    return float(page.evaluate("document.getElementById('video').buffered.end(0)"))


def plays_to(page: Page, seconds: float) -> None:
    deadline = time.monotonic() + DONE_MS / 1000
    while position(page) < seconds:
        assert time.monotonic() < deadline, f"the playback is at {position(page)} s"
        page.wait_for_timeout(50)


def download(page: Page) -> bytes:
    with page.expect_download() as waiting:
        page.click("#download")
    return waiting.value.path().read_bytes()


def content(server: Studio) -> bytes:
    """The file of the newest video, as the server keeps it."""
    return httpx.get(server.url + server.videos()[0]["content_url"]).content


def test_the_video_plays_while_it_is_made(server: Studio, page: Page) -> None:
    server.pace.holds_after = 2 * FRAME_RATE
    make(page, sound(6))
    plays_to(page, 0.5)
    assert server.videos()[0]["status"] == "in_progress"
    assert page.is_hidden("#outcome")
    expect(page.locator("#status")).to_have_text("Playing while it is being made.")

    server.pace.go_on.set()
    finish(page)
    assert text(page, "#status") == "Done: 6.0 s of video."
    assert page.evaluate("document.getElementById('video').duration") == pytest.approx(
        6, abs=FRAME_S
    )
    plays_to(page, 6 - FRAME_S)


def test_the_figures_are_those_of_the_work(server: Studio, page: Page) -> None:
    server.pace.seconds_per_frame = 0.04
    pressed = time.monotonic()
    make(page, sound(4))
    finish(page)
    wall_s = time.monotonic() - pressed
    # A frame takes 40 ms, so a second of video takes one, less what is made before the first
    # fragment is seen: 5 frames in it, 10 in the next, and some on a slow day.
    assert 0.7 <= number(page, "#figure-speed") <= wall_s / (4 - 5 * FRAME_S)
    first, unit = text(page, "#figure-first").split()
    first_s = float(first) / {"ms": 1000, "s": 1}[unit]
    assert 5 * 0.04 <= first_s < wall_s - 2
    assert (text(page, "#figure-made"), text(page, "#figure-whole")) == (
        "4.0 s",
        "Made of 4.0\u00a0s",
    )


def test_the_download_is_what_was_sent(server: Studio, page: Page) -> None:
    make(page, sound(2.33))
    finish(page)
    video = server.videos()[0]
    file = download(page)
    assert file == content(server)
    pictures, _ = decode(file)
    assert len(pictures) == 59  # 58.25 frames of sound
    assert page.get_attribute("#record-link", "href") == f"/v1/videos/{video['id']}"


def test_a_file_is_read_the_same_however_it_is_cut(page: Page) -> None:
    make(page, sound(2))
    finish(page)
    read = """async (step) => {
      const { Mp4Reader } = await import("/mp4.js");
      const file = await fetch(document.getElementById("record-link").href + "/content");
      const bytes = new Uint8Array(await file.arrayBuffer());
      const reader = new Mp4Reader();
      for (let at = 0; at < bytes.length; at += step) reader.push(bytes.slice(at, at + step));
      return [reader.type, reader.ended, reader.frames];
    }"""
    for step in (1, 777, 10_000_000):
        kind, ended, frames = page.evaluate(read, step)
        assert (ended, frames) == (True, 50)
        assert kind.startswith('video/mp4; codecs="avc1.64')  # High profile
        assert kind.endswith(', mp4a.40.2"')


def test_the_same_seed_gives_the_same_file(page: Page) -> None:
    make(page, sound(1))
    finish(page)
    first = download(page)
    page.click("#make")
    expect(page.locator("#outcome")).to_be_hidden()
    finish(page)
    assert download(page) == first


def test_stop_ends_the_work_on_the_server(server: Studio, page: Page) -> None:
    server.pace.seconds_per_frame = 0.02
    make(page, sound(30))
    plays_to(page, 0.3)
    page.click("#stop")
    finish(page)
    assert text(page, "#status").startswith("Stopped after")
    assert "incomplete" in (page.get_attribute("#download", "download") or "")
    is_canceled(server)
    at_most_s = 1.5  # two chunks of a second were in work, at half a second each
    time.sleep(at_most_s)
    rendered = server.pace.rendered
    time.sleep(0.5)
    assert server.pace.rendered == rendered < 30 * FRAME_RATE
    assert page.is_enabled("#make")


def test_closing_the_page_ends_the_work_too(server: Studio, browser: Browser) -> None:
    server.pace.reset()
    server.pace.seconds_per_frame = 0.02
    with browser.new_context() as profile:
        page = profile.new_page()
        page.goto(server.url)
        make(page, sound(30))
        plays_to(page, 0.3)
    is_canceled(server)


def is_canceled(server: Studio) -> None:
    """Soon; what is in work at the moment is finished."""
    deadline = time.monotonic() + 10
    while server.videos()[0]["status"] != "canceled":
        assert time.monotonic() < deadline, server.videos()[0]
        time.sleep(0.05)


def test_a_stream_that_breaks_off_says_so(server: Studio, page: Page) -> None:
    server.pace.breaks_after = 150  # not all of these need be ours: work left by others is finished
    server.pace.seconds_per_frame = 0.01
    make(page, sound(8))
    finish(page)
    said = text(page, "#status")
    assert said.startswith("The video is incomplete: it ends after")
    assert said.endswith("The renderer broke.")
    frames = len(decode(download(page))[0])
    assert f"after {frames / FRAME_RATE:.1f} s" in said
    complaints(page).clear()  # the browser reports the broken transfer


@pytest.mark.slow
def test_nothing_is_lost_when_the_buffer_of_the_browser_is_full(
    tmp_path: Path, browser: Browser
) -> None:
    """The sound of this video is more than the browser keeps; fast playback instead of waiting."""
    with (
        studio(tmp_path, Limits(lead_seconds=1000)) as server,
        visiting(browser, server.url) as page,
    ):
        make(page, sound(LONG_S))
        plays_to(page, 0.1)
        page.evaluate("document.getElementById('video').pause()")
        finish(page)
        assert buffered_to(page) < LONG_S - 10  # all is here, but the player cannot hold it
        assert download(page) == content(server)
        page.evaluate("document.getElementById('video').playbackRate = 16")
        page.evaluate("document.getElementById('video').play()")
        plays_to(page, LONG_S - 1)
        expect(page.locator("#video")).to_have_js_property("currentTime", 0)  # from the start again
        page.evaluate("document.getElementById('video').currentTime = 5")
        plays_to(page, 5)


@pytest.mark.parametrize(
    ("browser_has", "says"),
    [
        ("window.ManagedMediaSource = MediaSource", "Playing while it is being made."),
        ("", "This browser cannot play a video while it is made"),
    ],
)
def test_browsers_without_media_source(
    server: Studio, browser: Browser, browser_has: str, says: str
) -> None:
    server.pace.reset()
    server.pace.seconds_per_frame = 0.02
    with browser.new_context() as profile:
        profile.add_init_script(f"{browser_has}; delete window.MediaSource;")
        page = profile.new_page()
        page.goto(server.url)
        make(page, sound(3))
        expect(page.locator("#status")).to_contain_text(says)
        finish(page)
        plays_to(page, 1)
        assert text(page, "#status") == "Done: 3.0 s of video."
