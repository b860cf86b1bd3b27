"""The page in a real browser."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

import pytest
from web_servers import Server, start_server

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("chrome")
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
PATIENCE = 120_000
"""Milliseconds."""
Look = tuple[int, Literal["light", "dark"]]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium without a window; where there is none, the tests are skipped."""
    from playwright.sync_api import sync_playwright

    if CHROMIUM is None:
        pytest.skip("there is no Chromium on this machine")
    with sync_playwright() as play:
        opened = play.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def server(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One that may keep results, which those of the API look for in vain."""
    with start_server(tmp_path_factory.mktemp("server"), "--models", str(models)) as started:
        yield started


@pytest.fixture
def asked() -> list[str]:
    """Addresses of every request that the page has made."""
    return []


@pytest.fixture
def look() -> Look:
    """Width and colours; `tools/web_states.py` shows every state in all."""
    return 1280, "light"


@pytest.fixture
def page(browser: Browser, server: Server, asked: list[str], look: Look) -> Iterator[Page]:
    """The page in a browser of its own, which asks nobody but its server."""
    width, colours = look
    context = browser.new_context(
        viewport={"width": width, "height": 844}, color_scheme=colours, accept_downloads=True
    )
    context.set_default_timeout(PATIENCE)
    opened = context.new_page()
    opened.on("request", lambda sent: asked.append(sent.url))
    opened.goto(server.url)
    opened.locator("#start").wait_for()
    yield opened
    hosts = {urlsplit(url).netloc for url in asked if url.startswith(("http", "ws"))}
    context.close()
    assert hosts == {urlsplit(server.url).netloc}
