"""The tab Enlarge in a real browser, from an empty page to a downloaded file."""

import time
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest
from click.testing import CliRunner

pytest.importorskip("gradio", reason="the extra web is not installed: make test-web")
pytest.importorskip("playwright", reason="Playwright is not installed: make test-web")
from playwright.sync_api import Browser, Error, Page, expect
from web_browser import PATIENCE, choose, fits, press_until, serious
from web_servers import Server

from hatsr.apps.cli import cli

pytestmark = pytest.mark.web
both = pytest.mark.parametrize(
    "look", [(1280, "light"), (390, "dark")], ids=["wide light", "narrow dark"]
)


@both
def test_from_the_empty_page_to_a_file(page: Page, small: Path, tmp_path: Path) -> None:
    assert serious(page) == []
    assert fits(page)
    choose(page, small)
    page.locator("#start").click()
    expect(page.locator("#facts")).to_contain_text("10 × 12 → 40 × 48 pixels", timeout=PATIENCE)
    before = page.locator("#slider img").first
    expect(before).to_be_visible()
    expect(before).to_have_css("image-rendering", "pixelated")  # 10 pixels fill the column
    assert serious(page) == []
    assert fits(page)
    with page.expect_download() as download:
        page.locator("#download").click()
    assert download.value.suggested_filename == "small photo_x4.png"
    out = tmp_path / "expected.png"
    assert CliRunner().invoke(cli, ["upscale", str(small), "-o", str(out)]).exit_code == 0
    assert Path(download.value.path()).read_bytes() == out.read_bytes()


def test_the_keyboard_alone(page: Page, small: Path) -> None:
    press_until(page, "#pictures button:has(input)")
    for _ in range(10):  # again where the page was not listening yet
        with suppress(Error), page.expect_file_chooser(timeout=3000) as chooser:
            page.keyboard.press("Enter")
            chooser.value.set_files(small)
            break
    page.locator("#pictures").get_by_text(small.stem).wait_for()
    press_until(page, "#start")
    page.keyboard.press("Enter")
    page.locator("#slider img").first.wait_for()
    press_until(page, "#slider [role=slider]")
    line = page.locator("#slider [role=slider]")
    expect(line).to_have_attribute("aria-valuenow", "50")
    page.keyboard.press("ArrowRight")
    expect(line).to_have_attribute("aria-valuenow", "55")
    press_until(page, "#download")
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    assert download.value.suggested_filename == "small photo_x4.png"


PASTE = """async (pictures) => {
  const transfer = new DataTransfer();
  for (const [name, bytes] of pictures) {
    transfer.items.add(new File([new Uint8Array(bytes)], name, { type: "image/png" }));
  }
  document.body.dispatchEvent(
    new ClipboardEvent("paste", { clipboardData: transfer, bubbles: true, cancelable: true }));
}"""


def test_several_pasted_pictures_come_as_one_archive(
    page: Page, small: Path, tmp_path: Path
) -> None:
    names = ["a.png", "a.png", "b.png"]
    page.evaluate(PASTE, [(name, list(small.read_bytes())) for name in names])
    page.locator("#pictures").get_by_text("b").first.wait_for()
    page.locator("#start").click()
    page.locator("#archive").wait_for()
    expect(page.locator("#status")).to_contain_text("3 of 3 done")
    with page.expect_download() as download:
        page.locator("#archive").click()
    out = tmp_path / "expected.png"
    assert CliRunner().invoke(cli, ["upscale", str(small), "-o", str(out)]).exit_code == 0
    with zipfile.ZipFile(download.value.path()) as archive:
        assert archive.namelist() == ["a_x4.png", "a_x4-2.png", "b_x4.png"]
        assert all(archive.read(name) == out.read_bytes() for name in archive.namelist())


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
    expect(page.locator("#status .total")).to_have_text("1 of 2 done, 1 failed")
    assert serious(page) == []


def test_a_double_click_starts_once(page: Page, server: Server, slow: Path) -> None:
    choose(page, slow)
    expect(page.locator("#status")).to_have_text("Now press Enlarge.")
    page.locator("#start").dblclick()
    page.locator("li.running").wait_for()
    time.sleep(1)
    health = page.request.get(f"{server.url}/api/health").json()
    page.locator("#cancel").click()
    page.locator("li.cancelled").wait_for()
    assert health["waiting"] == 1


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
