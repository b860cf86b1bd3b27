"""The page as a whole, in a real browser."""

import time
from pathlib import Path

import pytest

pytest.importorskip("gradio", reason="the extra web is not installed: make test-web")
pytest.importorskip("playwright", reason="Playwright is not installed: make test-web")
from playwright.sync_api import Page
from web_browser import choose
from web_servers import Server

pytestmark = pytest.mark.web


def test_a_closed_tab_frees_its_job(page: Page, server: Server, slow: Path) -> None:
    choose(page, slow)
    page.locator("#start").click()
    page.locator("li.running").wait_for()
    page.close()
    end = time.monotonic() + 10
    while page.context.request.get(f"{server.url}/api/health").json()["waiting"]:
        assert time.monotonic() < end
        time.sleep(0.1)
