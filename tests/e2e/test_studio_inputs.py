"""The studio page in a real browser: portraits, speech, consent, and mistakes in words."""

from base64 import b64encode
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, FilePayload, Page, Route, expect

from talkhead.media.thumbnail import LONGEST
from tests.e2e.browser import complaints, text, visiting
from tests.e2e.studio_page import finish, make, sound
from tests.e2e.studio_server import Studio
from tests.fakes import grey_portrait, png_bytes

SPEECH = sound(1)
PICTURE: FilePayload = {
    "name": "me.png",
    "mimeType": "image/png",
    "buffer": png_bytes(grey_portrait()),
}
TEXT: FilePayload = {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"not a picture"}
# A browser shows it; the service does not read it.
DRAWING: FilePayload = {
    "name": "face.svg",
    "mimeType": "image/svg+xml",
    "buffer": b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>',
}


def marked(page: Page) -> list[str]:
    """Ids of the groups that are marked as wrong."""
    ids: list[str] = page.evaluate(
        "[...document.querySelectorAll('[aria-invalid]')].map(e => e.id)"
    )
    return ids


def test_the_examples_are_ready_to_use(server: Studio, page: Page) -> None:
    """A visitor who only presses the button gets a video."""
    expect(page.locator("#way-example input")).to_be_checked()
    page.click("#make")
    finish(page)
    video = server.videos()[0]
    assert video["status"] == "completed"
    usual = {"gain": 1.0, "motion_steps": 10, "mood": "calm", "odd": 0.123}
    assert (video["controls"], video["size"], video["seed"]) == (usual, 64, 0)


@pytest.mark.parametrize(
    ("given", "says"), [(TEXT, "notes.txt is not a picture."), (DRAWING, "image")]
)
def test_a_portrait_that_is_none(page: Page, given: FilePayload, says: str) -> None:
    """Refused by the page or by the service: in words, at the portrait."""
    page.set_input_files("#speech-file", SPEECH)
    page.set_input_files("#portrait-file", given)
    if given is DRAWING:
        page.check("#consent")
        page.click("#make")
    expect(page.locator("#portrait-error")).to_contain_text(says)
    assert marked(page) == ["portrait-field"]
    assert page.is_enabled("#make")
    if given is DRAWING:
        assert "422" in complaints(page).pop()


def test_speech_that_is_none(page: Page) -> None:
    page.set_input_files("#speech-file", TEXT)
    page.click("#make")
    expect(page.locator("#speech-error")).to_contain_text("audio")
    assert marked(page) == ["speech-field"]
    page.set_input_files("#speech-file", SPEECH)
    assert not marked(page)
    assert "422" in complaints(page).pop()


def test_an_option_that_is_impossible(page: Page) -> None:
    page.set_input_files("#speech-file", SPEECH)
    page.click("#controls summary")
    page.fill("[id='options.seed']", "-1")
    page.click("#controls summary")
    page.click("#make")
    expect(page.locator("[data-param='options.seed'] .error")).to_be_visible()
    assert "422" in complaints(page).pop()


def test_controls_reach_the_engine(server: Studio, page: Page) -> None:
    page.set_input_files("#speech-file", SPEECH)
    page.click("#controls summary")
    expect(page.locator("[data-param='options.controls.gain']")).to_contain_text("How bright.")
    page.fill("[id='options.controls.gain']", "0.5")
    page.fill("[id='options.controls.motion_steps']", "4")
    page.select_option("[id='options.controls.mood']", "glad")
    page.select_option("[id='options.size']", "128")
    page.fill("[id='options.seed']", "7")
    page.click("#make")
    finish(page)
    video = server.videos()[0]
    told = {"gain": 0.5, "motion_steps": 4, "mood": "glad", "odd": 0.123}
    assert (video["controls"], video["size"], video["seed"]) == (told, 128, 7)


def test_a_server_that_is_gone(page: Page) -> None:
    page.set_input_files("#speech-file", SPEECH)
    page.route("**/v1/videos", lambda route: route.abort())
    page.click("#make")
    expect(page.locator("#general-error")).to_contain_text("The server cannot be reached.")
    assert "ERR_FAILED" in complaints(page).pop()
    page.unroute("**/v1/videos")
    page.click("#make")
    finish(page)
    assert page.is_hidden("#general-error")


def test_a_server_without_examples(server: Studio, browser: Browser) -> None:
    with browser.new_context() as profile:
        page = profile.new_page()
        page.route("**/examples/*", _missing)
        page.goto(server.url)
        expect(page.locator("[name=portrait]")).to_have_count(0)
        page.set_input_files("#portrait-file", PICTURE)
        page.set_input_files("#speech-file", SPEECH)
        page.check("#consent")
        page.click("#make")
        finish(page)


def _missing(route: Route) -> None:
    route.fulfill(status=404)


def test_a_picture_of_somebody_needs_consent(server: Studio, page: Page) -> None:
    before = len(server.videos())
    page.set_input_files("#speech-file", SPEECH)
    page.set_input_files("#portrait-file", PICTURE)
    page.click("#make")
    expect(page.locator("#portrait-error")).to_contain_text("has agreed")
    assert len(server.videos()) == before
    page.check("#consent")
    page.click("#make")
    finish(page)
    assert len(server.videos()) == before + 1


@pytest.mark.parametrize("event", ["drop", "paste"])
def test_files_can_be_dropped_and_pasted(page: Page, event: str) -> None:
    page.evaluate(
        """([event, picture]) => {
          const data = new DataTransfer();
          const bytes = Uint8Array.from(atob(picture), (byte) => byte.charCodeAt(0));
          data.items.add(new File([bytes], "me.png", { type: "image/png" }));
          document.dispatchEvent(event === "drop"
            ? new DragEvent("drop", { dataTransfer: data })
            : new ClipboardEvent("paste", { clipboardData: data }));
        }""",
        [event, b64encode(PICTURE["buffer"]).decode()],
    )
    expect(page.locator(".tile:has(:checked)")).to_have_attribute("title", "me.png")
    expect(page.locator("#consent")).to_be_visible()


def test_a_recording_from_the_microphone(server: Studio, page: Page) -> None:
    page.check("[name=way][value=record]", force=True)
    page.click("#record")
    level = page.locator("#record-level")
    expect(page.locator("#record-time")).to_have_text("0:02")
    assert page.evaluate("navigator.mediaDevices !== undefined")
    heard = max(level.evaluate("meter => meter.value") for _ in _ticks(page, 12))
    assert heard > 0.2  # it beeps once a second
    page.click("#record")
    expect(page.locator("#record")).to_have_text("Record again")
    expect(page.locator("#speech-preview")).to_be_visible()
    page.click("#make")
    finish(page)
    video = server.videos()[0]
    assert video["status"] == "completed"
    assert video["seconds"] > 2
    assert video["warnings"] == []  # as a silent one would have


def _ticks(page: Page, count: int) -> Iterator[None]:
    for _ in range(count):
        page.wait_for_timeout(100)
        yield


def test_a_microphone_that_is_refused(server: Studio, browser: Browser) -> None:
    refusal = "() => Promise.reject(new DOMException('no', 'NotAllowedError'))"
    with browser.new_context() as profile:
        profile.add_init_script(f"MediaDevices.prototype.getUserMedia = {refusal}")
        page = profile.new_page()
        page.goto(server.url)
        page.check("[name=way][value=record]", force=True)
        page.click("#record")
        expect(page.locator("#speech-error")).to_contain_text("The microphone is blocked.")
        expect(page.locator("#record")).to_have_text("Start recording")


def test_a_face_is_saved_with_consent_used_and_deleted(server: Studio, page: Page) -> None:
    make(page, SPEECH)
    finish(page)
    page.click("#save-open")
    page.fill("#save-name", "The commander")
    page.click("#save-form [type=submit]")
    expect(page.locator("#save-error")).to_have_text("Say who agreed, and how.")
    page.fill("#save-consent", "public domain")
    page.check("#save-agreed")
    page.click("#save-form [type=submit]")
    expect(page.locator(".tile:has(:checked)")).to_contain_text("The commander")
    (avatar,) = httpx.get(f"{server.url}/v1/avatars").json()["data"]
    assert (avatar["name"], avatar["consent"]) == ("The commander", "public domain")

    page.reload()
    tile = page.locator(".tile:has-text('The commander')")
    expect(tile.locator("img")).to_have_js_property("naturalWidth", LONGEST)
    tile.click()
    expect(page.locator("#still")).to_have_js_property("naturalWidth", LONGEST)
    make(page, SPEECH)
    finish(page)
    expect(page.locator("#save-open")).to_be_hidden()
    page.on("dialog", lambda dialog: dialog.accept())
    page.click("#avatar-delete")
    expect(page.locator(".tile:has-text('The commander')")).to_have_count(0)
    assert httpx.get(f"{server.url}/v1/avatars").json()["data"] == []


def test_an_avatar_without_a_picture_shows_its_initial(server: Studio, page: Page) -> None:
    picture = ("me.png", PICTURE["buffer"])
    made = httpx.post(f"{server.url}/v1/avatars", data={"name": "zoe"}, files={"portrait": picture})
    page.route("**/thumbnail", _missing)
    page.reload()
    tile = page.locator(".tile:has-text('zoe')")
    expect(tile.locator(".face")).to_have_text("Z")
    tile.click()
    make(page, SPEECH)
    finish(page)
    httpx.delete(f"{server.url}/v1/avatars/{made.json()['id']}").raise_for_status()
    assert {"404" in said for said in complaints(page)} == {True}
    complaints(page).clear()


def test_silence_is_warned_of_in_words(page: Page) -> None:
    make(page, sound(1, level=0))
    finish(page)
    assert "silent" in text(page, "#warnings")


def test_a_phone_of_360_pixels(server: Studio, browser: Browser) -> None:
    """Nothing sticks out, whatever is open; the video comes into view by itself."""
    server.pace.reset()
    server.pace.seconds_per_frame = 0.02
    phone = {"viewport": {"width": 360, "height": 640}, "has_touch": True, "is_mobile": True}
    with visiting(browser, server.url, **phone) as page:
        assert _overhang(page) == 0
        page.click("#controls summary")
        name = "a_very_long_file_name_without_a_single_space" * 3
        picture: FilePayload = {**PICTURE, "name": name}
        speech: FilePayload = {**SPEECH, "name": name}
        page.set_input_files("#portrait-file", picture)
        page.set_input_files("#speech-file", speech)
        page.click("#make")  # without consent: an error is shown
        assert _overhang(page) == 0
        page.check("#consent")
        page.click("#make")
        expect(page.locator("#screen")).to_be_in_viewport(ratio=0.9)
        finish(page)
        page.click("#save-open")
        assert _overhang(page) == 0


def _overhang(page: Page) -> int:
    """Pixels by which the page is wider than the screen."""
    width: int = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    return width


def test_all_by_keyboard(page: Page) -> None:
    page.set_input_files("#speech-file", SPEECH)
    page.locator("[name=portrait]:checked").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator(".tile:has(:checked)")).to_contain_text("Grace Hopper")
    for _ in range(20):
        if page.evaluate("document.activeElement.id") == "make":
            break
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    finish(page)
    expect(page.locator("#make")).to_be_focused()


def test_everything_has_a_name_for_screen_readers(page: Page) -> None:
    make(page, SPEECH)
    finish(page)
    page.click("#save-open")
    page.click("#controls summary")
    nameless = page.evaluate(
        """[...document.querySelectorAll("input, select, button, video, audio, meter, progress")]
          .filter((node) => !node.ariaLabel && !node.labels?.length && !node.textContent.trim())
          .map((node) => node.outerHTML)"""
    )
    assert nameless == []
