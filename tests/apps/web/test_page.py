"""The page in a real browser, from an empty page to a downloaded file."""

import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from click.testing import CliRunner

pytest.importorskip("gradio", reason="the extra web is not installed: make test-web")
pytest.importorskip("playwright", reason="Playwright is not installed: make test-web")
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Error, Page, expect, sync_playwright
from web_servers import Server

from hatsr.apps.cli import cli

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("chrome")
pytestmark = [
    pytest.mark.web,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine"),
]
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
PATIENCE = 120_000
"""Milliseconds."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as play:
        opened = play.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield opened
        opened.close()


@pytest.fixture
def asked() -> list[str]:
    """Addresses of every request that the page has made."""
    return []


@pytest.fixture(params=[(1280, "light"), (390, "dark")], ids=["wide light", "narrow dark"])
def page(
    browser: Browser, server: Server, asked: list[str], request: pytest.FixtureRequest
) -> Iterator[Page]:
    width, colours = request.param
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


def serious(page: Page) -> list[str]:
    time.sleep(0.5)  # colours fade in
    found = Axe().run(page).response["violations"]
    return [
        f"{each['id']}: {each['nodes'][0]['html'][:300]} {each['nodes'][0]['failureSummary'][:200]}"
        for each in found
        if each["impact"] in ("serious", "critical")
    ]


def fits(page: Page) -> bool:
    return page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def choose(page: Page, *files: Path) -> None:
    """Again where the page was not listening yet."""
    name = page.locator("#pictures").get_by_text(files[-1].stem).first
    for _ in range(5):
        page.locator("#pictures input[type=file]").set_input_files(files)
        with suppress(Error):
            name.wait_for(timeout=PATIENCE / 5)
            return
    raise AssertionError("the files were not taken")


def test_from_the_empty_page_to_a_file(page: Page, small: Path, tmp_path: Path) -> None:
    assert serious(page) == []
    assert fits(page)
    choose(page, small)
    page.locator("#start").click()
    expect(page.locator("#facts")).to_contain_text("10 × 12 → 40 × 48 pixels", timeout=PATIENCE)
    expect(page.locator("#slider img").first).to_be_visible()
    assert serious(page) == []
    assert fits(page)
    with page.expect_download() as download:
        page.locator("#download").click()
    assert download.value.suggested_filename == "small photo_x4.png"
    out = tmp_path / "expected.png"
    assert CliRunner().invoke(cli, ["upscale", str(small), "-o", str(out)]).exit_code == 0
    assert Path(download.value.path()).read_bytes() == out.read_bytes()


def test_cancel_stops_within_a_second(page: Page, slow: Path) -> None:
    choose(page, slow)
    page.locator("#start").click()
    page.locator("li.running").wait_for()
    assert serious(page) == []
    begun = time.monotonic()
    page.locator("#cancel").click()
    page.locator("li.cancelled").wait_for()
    assert time.monotonic() - begun < 3  # of which the browser, the queue and the drawing take some
    expect(page.locator("#start")).to_be_enabled()


def test_a_bad_picture_is_told_and_the_other_done(page: Page, small: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.png"
    bad.write_text("no picture")
    choose(page, bad, small)
    page.locator("#start").click()
    page.locator("li.failed").wait_for()
    expect(page.locator("#status")).to_contain_text("file must be PNG, JPEG")
    page.locator("li.done").wait_for()
    assert serious(page) == []


def test_results_are_of_one_browser(
    page: Page, browser: Browser, server: Server, small: Path, asked: list[str]
) -> None:
    choose(page, small)
    page.locator("#start").click()
    page.locator("#slider img").first.wait_for()
    page.reload()
    page.get_by_label("small photo.png → small photo_x4.png").first.check()
    page.locator("#slider img").first.wait_for()
    (address, *_) = {url for url in asked if "/result/" in url}
    assert page.request.get(address).status == 200
    stranger = browser.new_context()
    assert stranger.request.get(address).status == 404
    stranger.close()


def test_explain(page: Page) -> None:
    page.get_by_role("tab", name="Explain").click()
    page.get_by_role("button", name="Use the example").first.click()
    page.locator("#explained img").click(position={"x": 60, "y": 60})
    expect(page.get_by_label("Column")).not_to_have_value("118")
    page.locator("#explain").click()
    expect(page.locator(".facts:visible")).to_contain_text("DI ", timeout=PATIENCE)
    page.locator("#figure img").wait_for()
    assert serious(page) == []


def test_compare(page: Page) -> None:
    page.get_by_role("tab", name="Compare").click()
    page.get_by_role("button", name="Use the example").last.click()
    page.get_by_label("Remove this file").or_(page.get_by_label("Clear")).last.wait_for()
    page.locator("#compare").click()
    page.locator("#difference img").wait_for()
    expect(page.locator(".facts:visible")).to_contain_text("of 255 in the mean")
    assert serious(page) == []
