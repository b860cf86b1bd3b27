"""The pictures of the documentation, from the example photograph and drawings.

python tools/pictures.py [-o docs/pictures]

which-model.webp is made here; lam.webp by `hatsr lam examples/astronaut.jpg --patch 30 100`.
"""

import argparse
import io
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

import hatsr
from hatsr.resize import imresize

ROOT = Path(__file__).parents[1]
PHOTOGRAPH = ROOT / "examples/astronaut.jpg"
FACE, FLAG, BADGE = (84, 20, 154, 72), (0, 0, 70, 52), (62, 168, 132, 220)
"""Left, top, right, bottom in the photograph."""
MODELS = ("hat-t-x4", "hat-t-real-x4")
SCALE, GAP = 4, 6


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("-o", "--out", type=Path, default=ROOT / "docs/pictures")
    out = parser.parse_args().out
    draw_kinds().save(out / "which-model.webp", quality=88)
    draw_lam(MODELS[0]).save(out / "lam.webp", quality=85)


def draw_kinds() -> Image.Image:
    """A row for each kind of picture: bicubic interpolation and the shipped weights."""
    photograph = Image.open(PHOTOGRAPH).convert("RGB")
    kinds = {
        "clean": photograph.crop(FACE),
        "JPEG, quality 30": as_jpeg(photograph.crop(FACE), 30),
        "noise of 15 levels": with_noise(photograph.crop(FACE), 15),
        "noisy, then JPEG 80": as_jpeg(with_noise(photograph.crop(FLAG), 8), 80),
        "screenshot, JPEG 50": as_jpeg(drawing(), 50),
        "fine detail, JPEG 50": as_jpeg(photograph.crop(BADGE), 50),
    }
    rows = [row(kind, source) for kind, source in kinds.items()]
    step = rows[0].height + GAP
    sheet = Image.new("RGB", (rows[0].width, len(rows) * step - GAP), "white")
    for place, panels in enumerate(rows):
        sheet.paste(panels, (0, place * step))
    return sheet


def row(kind: str, source: Image.Image) -> Image.Image:
    """A picture enlarged by bicubic interpolation and by each model, side by side."""
    panels = {f"{kind}: bicubic": Image.fromarray(imresize(np.asarray(source), SCALE))}
    panels |= {model: hatsr.load(model).upscale(source) for model in MODELS}
    step = SCALE * source.width + GAP
    joined = Image.new("RGB", (len(panels) * step - GAP, SCALE * source.height), "white")
    for place, (label, panel) in enumerate(panels.items()):
        joined.paste(labelled(panel, label), (place * step, 0))
    return joined


def drawing() -> Image.Image:
    """Text and lines as on a screen, of the size of the crops."""
    page = Image.new("RGB", (70, 52), "white")
    draw = ImageDraw.Draw(page)
    draw.rectangle((0, 0, 69, 13), fill="#20639b")
    draw.text((4, 0), "Results", font=ImageFont.load_default(11), fill="white")
    draw.text((4, 14), "total 31.68", font=ImageFont.load_default(10), fill="black")
    draw.line((4, 48, 20, 36, 34, 42, 50, 30, 66, 32), fill="#d1495b", width=2)
    draw.line((3, 29, 3, 49, 67, 49), fill="#555555")
    return page


def as_jpeg(picture: Image.Image, quality: int) -> Image.Image:
    file = io.BytesIO()
    picture.save(file, "jpeg", quality=quality)
    return Image.open(file).convert("RGB")


def with_noise(picture: Image.Image, sigma: float) -> Image.Image:
    """The picture with Gaussian noise of a number of levels, the same at every call."""
    codes = np.asarray(picture, float)
    codes += np.random.default_rng(0).normal(0, sigma, codes.shape)
    return Image.fromarray(codes.round().clip(0, 255).astype(np.uint8))


def labelled(panel: Image.Image, label: str) -> Image.Image:
    """The panel with its name in the lower left corner."""
    draw, font = ImageDraw.Draw(panel), ImageFont.load_default(16)
    left, top, right, bottom = draw.textbbox((8, panel.height - 26), label, font=font)
    draw.rectangle((left - 5, top - 4, right + 5, bottom + 4), fill="black")
    draw.text((8, panel.height - 26), label, font=font, fill="white")
    return panel


def draw_lam(model: str) -> Image.Image:
    with tempfile.TemporaryDirectory() as folder:
        figure = Path(folder) / "lam.png"
        hatsr_command = Path(sys.executable).with_name("hatsr")
        options = ["--patch", "30", "100", "--model", model, "-o", str(figure)]
        subprocess.run([hatsr_command, "lam", str(PHOTOGRAPH), *options], check=True)  # noqa: S603
        return Image.open(figure).convert("RGB").resize((880, 989), Image.Resampling.LANCZOS)


if __name__ == "__main__":
    main()
