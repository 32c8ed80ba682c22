"""A headless Chromium, and what a test may ask of a page in it."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, sync_playwright

_MISSING = "Chromium is needed for the tests of the studio page: apt-get install chromium"
_ARGUMENTS = (
    "--no-sandbox",  # containers run as root
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--mse-audio-buffer-size-limit-mb=1",  # 12 by default: a minute of sound stands for many
    "--use-fake-device-for-media-stream",  # a microphone that beeps once a second
    "--use-fake-ui-for-media-stream",  # and is always allowed
)


def chromium() -> str:
    """Where Chromium is. Without it the test is skipped, and on CI it fails."""
    path = shutil.which("chromium")
    if path is None and os.environ.get("CI") == "true":
        pytest.fail(_MISSING)
    if path is None:
        pytest.skip(_MISSING)
    return path


@contextmanager
def browsing() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=list(_ARGUMENTS))
        yield browser
        browser.close()


@contextmanager
def visiting(browser: Browser, url: str, **context: Any) -> Iterator[Page]:
    """A page in a profile of its own. Errors in its console, or requests to others, fail the test.

    A test that provokes an error takes it out of `complaints(page)`.
    """
    with browser.new_context(**context) as profile:
        page = profile.new_page()
        found = complaints(page)
        page.on("console", lambda message: _note(found, message))
        page.on("pageerror", lambda error: found.append(f"{error}\n{error.stack}"))
        page.on("request", lambda request: _note_foreign(found, request, url))
        page.goto(url)
        yield page
    assert not found, found


def complaints(page: Page) -> list[str]:
    """What has gone wrong in the page so far."""
    found: list[str] = page.__dict__.setdefault("complaints", [])
    return found


def _note(found: list[str], message: ConsoleMessage) -> None:
    if message.type in ("error", "warning"):
        found.append(f"{message.text} ({message.location.get('url')})")


def _note_foreign(found: list[str], request: Request, url: str) -> None:
    if not request.url.startswith((url, "blob:", "data:")):
        found.append(f"a request to {request.url}")


def text(page: Page, selector: str) -> str:
    return (page.text_content(selector) or "").strip()


def number(page: Page, selector: str) -> float:
    """The first number in an element, like 312 of "312 ms"."""
    return float(text(page, selector).split()[0])
