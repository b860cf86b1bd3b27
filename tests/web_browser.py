"""What tests do with the page in a browser."""

import time
from contextlib import suppress
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Error, Page

PATIENCE = 120_000
"""Milliseconds."""


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


def press_until(page: Page, selector: str) -> None:
    """Press the tabulator until something has the focus."""
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.locator(selector).evaluate("each => each === document.activeElement"):
            return
    raise AssertionError(f"{selector} is not reached by the keyboard")
