"""The tab Compare in a real browser."""

from pathlib import Path

import pytest
from PIL import Image

pytest.importorskip("gradio", reason="the extra web is not installed: make test-web")
pytest.importorskip("playwright", reason="Playwright is not installed: make test-web")
from playwright.sync_api import Page, expect
from web_browser import choose, serious

pytestmark = pytest.mark.web


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
