"""The tab Explain in a real browser."""

from pathlib import Path

import pytest
from PIL import Image

pytest.importorskip("gradio", reason="the extra web is not installed: make test-web")
pytest.importorskip("playwright", reason="Playwright is not installed: make test-web")
from playwright.sync_api import Page, expect
from web_browser import PATIENCE, serious
from web_pictures import save_picture

pytestmark = pytest.mark.web


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
