"""The page in a real browser, from an empty page to a downloaded file."""

import shutil
import time
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import pytest
from click.testing import CliRunner
from PIL import Image

pytest.importorskip("gradio", reason="the extra web is not installed: make test-web")
pytest.importorskip("playwright", reason="Playwright is not installed: make test-web")
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Error, Page, expect, sync_playwright
from web_pictures import save_picture
from web_servers import Server, start_server

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


@pytest.fixture(scope="module")
def server(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One that may keep results, which those of the API look for in vain."""
    with start_server(tmp_path_factory.mktemp("server"), "--models", str(models)) as started:
        yield started


@pytest.fixture
def asked() -> list[str]:
    """Addresses of every request that the page has made."""
    return []


Look = tuple[int, Literal["light", "dark"]]
both = pytest.mark.parametrize(
    "look", [(1280, "light"), (390, "dark")], ids=["wide light", "narrow dark"]
)


@pytest.fixture
def look() -> Look:
    """Width and colours; `tools/web_states.py` shows every state in all."""
    return 1280, "light"


@pytest.fixture
def page(browser: Browser, server: Server, asked: list[str], look: Look) -> Iterator[Page]:
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


def choose(page: Page, *files: Path, field: str = "pictures") -> None:
    """Again where the page was not listening yet."""
    name = page.locator(f"#{field}").get_by_text(files[-1].stem).first
    for _ in range(5):
        page.locator(f"#{field} input[type=file]").set_input_files(files)
        with suppress(Error):
            name.wait_for(timeout=PATIENCE / 5)
            return
    raise AssertionError("the files were not taken")


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


def press_until(page: Page, selector: str) -> None:
    """Press the tabulator until something has the focus."""
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.locator(selector).evaluate("each => each === document.activeElement"):
            return
    raise AssertionError(f"{selector} is not reached by the keyboard")


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


def test_a_closed_tab_frees_its_job(page: Page, server: Server, slow: Path) -> None:
    choose(page, slow)
    page.locator("#start").click()
    page.locator("li.running").wait_for()
    page.close()
    end = time.monotonic() + 10
    while page.context.request.get(f"{server.url}/api/health").json()["waiting"]:
        assert time.monotonic() < end
        time.sleep(0.1)


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


def test_explain(page: Page, tmp_path: Path) -> None:
    page.get_by_role("tab", name="Explain").click()
    picture = save_picture(tmp_path / "noise.png", 80, 80)
    page.locator("#explained input[type=file]").first.set_input_files(picture)
    page.locator("#explained img").click()
    expect(page.get_by_label("Column")).not_to_have_value("0")
    page.locator("#explain").click()
    expect(page.locator(".facts:visible")).to_contain_text("DI ", timeout=PATIENCE)
    page.locator("#figure img").wait_for()
    assert serious(page) == []


def test_explain_says_what_it_cannot_take(page: Page, small: Path, tmp_path: Path) -> None:
    page.get_by_role("tab", name="Explain").click()
    picture, status = page.locator("#explained input[type=file]").first, page.locator("#spot")
    bad, unseen = tmp_path / "bad.png", tmp_path / "unseen.tif"
    bad.write_text("no picture")
    with Image.open(small) as read:
        read.save(unseen)
    picture.set_input_files(bad)
    expect(status).to_contain_text("Now click a spot", timeout=PATIENCE)
    page.locator("#explain").click()
    expect(status).to_contain_text("file must be PNG, JPEG", timeout=PATIENCE)
    page.locator("#explained").get_by_label("Remove Image").click()
    expect(status).to_contain_text("Choose a picture", timeout=PATIENCE)
    picture.set_input_files(unseen)
    expect(status).to_contain_text("type the row and the column", timeout=PATIENCE)


def test_compare(page: Page, small: Path, tmp_path: Path) -> None:
    hr = tmp_path / "hr.png"
    with Image.open(small) as picture:
        picture.resize((40, 48)).save(hr)
    page.get_by_role("tab", name="Compare").click()
    choose(page, small, field="compare-picture")
    choose(page, hr, field="compare-hr")
    page.locator("#compare").click()
    page.locator("#difference img").wait_for()
    expect(page.locator(".facts:visible")).to_contain_text("of 255 in the mean")
    expect(page.locator(".facts:visible")).to_contain_text("dB PSNR")
    assert serious(page) == []
