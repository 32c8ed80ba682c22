"""What the tests of the studio page share: a server with chosen speed, a browser, a page in it."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.e2e.browser import browsing, visiting
from tests.e2e.studio_server import Studio, studio


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    with studio(tmp_path_factory.mktemp("studio")) as server:
        yield server


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with browsing() as browser:
        yield browser


@pytest.fixture
def page(server: Studio, browser: Browser) -> Iterator[Page]:
    server.pace.reset()
    with visiting(browser, server.url) as page:
        yield page
