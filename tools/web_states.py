"""Draws every state of the page, at two widths and in both colour schemes, and checks it with axe.

    python tools/web_states.py http://127.0.0.1:7860 out/states

Needs a running `hatsr web`, Chromium, and the groups of `make test-web`. Prints what axe finds,
what is wider than the screen, and what the browser complains of; looks are for the eye to judge.
"""

import argparse
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Page, expect, sync_playwright

PATIENCE = 180_000
"""Milliseconds."""
WIDTHS = (390, 1280)
SCHEMES = ("light", "dark")
DARK = "matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light'"
PHOTO = Path(__file__).parents[1] / "examples" / "astronaut.jpg"


class States:
    """The states of the page, one after the other.

    Args:
        page: in a browser.
        pictures: folder with hr.png, small.png, large.png and bad.png.
    """

    def __init__(self, page: Page, pictures: Path) -> None:
        self.page, self.pictures = page, pictures

    def all(self) -> Iterator[str]:
        """Bring the page into each state, and name it."""
        yield "enlarge-1-empty"
        yield from self.enlarge()
        yield from self.explain()
        yield from self.compare()

    def choose(self, field: str, *names: str) -> None:
        """Pictures into a field of the open tab."""
        files = [self.pictures / name for name in names]
        self.page.locator(f"#{field} input[type=file]").set_input_files(files)
        self.page.wait_for_timeout(1500)

    def clear(self, field: str) -> None:
        """Empty a field."""
        self.page.locator(f"#{field}").get_by_label("Clear").first.click()
        self.page.wait_for_timeout(500)

    def enlarge(self) -> Iterator[str]:
        page = self.page
        page.locator("#start").click()
        page.locator("#status [role=alert]").wait_for()
        yield "enlarge-2-nothing-chosen"
        self.choose("pictures", "large.png")
        options = page.get_by_role("button", name="Options").first
        options.click()
        yield "enlarge-3-chosen-with-options"
        options.click()
        page.locator("#start").click()
        page.locator("#status progress").wait_for()
        page.wait_for_timeout(3000)
        yield "enlarge-4-busy"
        page.locator("#cancel").click()
        page.locator("#status li.cancelled").wait_for()
        yield "enlarge-5-cancelled"
        self.clear("pictures")
        self.choose("pictures", "bad.png")
        page.locator("#start").click()
        page.locator("#status li.failed").wait_for()
        yield "enlarge-6-failed"
        self.clear("pictures")
        self.choose("pictures", "small.png")
        page.locator("#start").click()
        page.locator("#slider img").first.wait_for()
        page.wait_for_timeout(1000)
        yield "enlarge-7-done"
        self.clear("pictures")
        self.choose("pictures", "small.png", "bad.png", "tiny.png")
        page.locator("#start").click()
        page.locator("#archive").wait_for()
        page.wait_for_timeout(1000)
        yield "enlarge-8-several-done"

    def explain(self) -> Iterator[str]:
        page = self.page
        page.get_by_role("tab", name="Explain").click()
        yield "explain-1-empty"
        page.locator("#explain").click()
        page.locator(".problem:visible").wait_for()
        yield "explain-2-nothing-chosen"
        page.locator("#explain-example").click()
        page.locator("#explained img").wait_for()
        page.locator("#explain").click()
        page.locator("progress:visible").wait_for()
        yield "explain-3-busy"
        page.locator("#figure img").wait_for()
        page.wait_for_timeout(1000)
        yield "explain-4-done"
        page.locator("#features").click()
        page.locator(".facts:visible", has_text="blocking").wait_for()
        page.wait_for_timeout(1500)
        yield "explain-5-features"

    def compare(self) -> Iterator[str]:
        page = self.page
        page.get_by_role("tab", name="Compare").click()
        yield "compare-1-empty"
        self.choose("compare-picture", "small.png")
        self.choose("compare-hr", "bad.png")
        page.locator("#compare").click()
        page.locator("li.failed:visible").wait_for()
        yield "compare-2-failed"
        self.clear("compare-hr")
        self.choose("compare-hr", "hr.png")
        page.locator("#compare").click()
        page.locator("progress:visible").wait_for()
        yield "compare-3-busy"
        page.locator("#difference img").wait_for()
        expect(page.locator(".facts:visible")).to_contain_text("PSNR")
        page.wait_for_timeout(1000)
        yield "compare-4-done"


def make_pictures(folder: Path) -> None:
    """A good small picture with its original, one that takes long, and one that is none."""
    with Image.open(PHOTO) as photo:
        hr = photo.convert("RGB")
    hr = hr.crop((0, 0, hr.width // 4 * 4, hr.height // 4 * 4))
    hr.save(folder / "hr.png")
    hr.resize((hr.width // 4, hr.height // 4), Image.Resampling.BICUBIC).save(folder / "small.png")
    hr.resize((32, 32), Image.Resampling.BICUBIC).save(folder / "tiny.png")
    pixels = np.random.default_rng(0).integers(0, 256, (700, 700, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(folder / "large.png")
    (folder / "bad.png").write_text("no picture")


def check(page: Page, state: str, out: Path) -> list[str]:
    """Draw a state; returns what is wrong with it."""
    page.wait_for_timeout(600)  # colours fade in
    page.screenshot(path=out / f"{state}.png", full_page=True)
    found = Axe().run(page).response["violations"]
    wrong = [
        f"{state}: axe {each['impact']} {each['id']}: {each['nodes'][0]['html'][:200]}"
        for each in found
    ]
    if not page.evaluate("document.documentElement.scrollWidth <= innerWidth"):
        wrong.append(f"{state}: wider than the screen")
    return wrong


def draw(page: Page, url: str, pictures: Path, out: Path) -> list[str]:
    """Draw all states at one width, in one scheme; returns what is wrong with them."""
    said: list[str] = []
    page.on("console", lambda line: said.append(f"{line.type}: {line.text}"))
    look = f"{page.viewport_size['width']}-{page.evaluate(DARK)}" if page.viewport_size else ""
    page.goto(url)
    page.locator("#start").wait_for()
    page.wait_for_timeout(1000)
    wrong = []
    for state in States(page, pictures).all():
        wrong += check(page, f"{state}-{look}", out)
    page.goto(f"{url}/api/")
    wrong += check(page, f"api-{look}", out)
    return wrong + [line for line in said if line.startswith("error")]


def main() -> None:
    """Draw all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("out", type=Path)
    parser.add_argument("--width", type=int, choices=WIDTHS, action="append")
    parser.add_argument("--scheme", choices=SCHEMES, action="append")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    chromium = shutil.which("chromium") or shutil.which("chrome")
    wrong: list[str] = []
    with sync_playwright() as play, tempfile.TemporaryDirectory() as folder:
        make_pictures(Path(folder))
        browser = play.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for width in given.width or WIDTHS:
            for scheme in given.scheme or SCHEMES:
                context = browser.new_context(
                    viewport={"width": width, "height": 844}, color_scheme=scheme
                )
                context.set_default_timeout(PATIENCE)
                wrong += draw(context.new_page(), given.url, Path(folder), given.out)
                context.close()
    print("\n".join(wrong) or "nothing wrong")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
