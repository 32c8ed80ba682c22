"""What a visitor does on the studio page, and what is there to be seen."""

from playwright.sync_api import FilePayload, Page, expect

from tests.fakes import tone, wav_bytes

DONE_MS = 30_000  # more than any video here takes


def sound(seconds: float, level: float = 1.0) -> FilePayload:
    """A file to upload: a tone, or silence at level 0."""
    buffer = wav_bytes(level * tone(seconds))
    return {"name": "a.wav", "mimeType": "audio/wav", "buffer": buffer}


def make(page: Page, speech: FilePayload) -> None:
    page.set_input_files("#speech-file", speech)
    page.click("#make")


def finish(page: Page) -> None:
    expect(page.locator("#outcome")).to_be_visible(timeout=DONE_MS)
