"""The line between two pictures in a real browser: by the keyboard, and with single pixels."""

from pathlib import Path

import pytest

pytest.importorskip("gradio", reason="the extra web is not installed: make test-web")
pytest.importorskip("playwright", reason="Playwright is not installed: make test-web")
from playwright.sync_api import Page, expect
from web_browser import choose, press_until

pytestmark = pytest.mark.web


def test_the_arrow_keys_move_the_line(page: Page, small: Path) -> None:
    page.get_by_role("tab", name="Compare").click()
    choose(page, small, field="compare-picture")
    page.locator("#compare").click()
    line = page.locator("#compared [role=slider]")
    line.wait_for()
    press_until(page, "#compared [role=slider]")
    for key, place in (("ArrowLeft", 45), ("ArrowDown", 40), ("ArrowUp", 45), ("ArrowRight", 50)):
        page.keyboard.press(key)
        expect(line).to_have_attribute("aria-valuenow", str(place))  # each a twentieth
    for side in ("Left", "Right"):
        picture = page.locator("#compared").get_by_alt_text(f"{side} of the line")
        expect(picture).to_have_css("image-rendering", "pixelated")  # 40 pixels fill the column
