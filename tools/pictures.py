"""The pictures of the documentation, from the example photograph.

python tools/pictures.py [--model hat-t-x4] [-o docs/pictures]

defects.webp is made here; lam.webp by `hatsr lam examples/astronaut.jpg --patch 30 100`.
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

ROOT = Path(__file__).parents[1]
PHOTOGRAPH = ROOT / "examples/astronaut.jpg"
CROP = (72, 0, 152, 72)  # left, top, right, bottom in the photograph
GAP, QUALITY, SIGMA = 6, 30, 10


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--model", default="hat-t-x4")
    parser.add_argument("-o", "--out", type=Path, default=ROOT / "docs/pictures")
    options = parser.parse_args()
    draw_defects(options.model).save(options.out / "defects.webp", quality=85)
    draw_lam(options.model).save(options.out / "lam.webp", quality=85)


def draw_defects(model: str) -> Image.Image:
    """The same crop clean, as JPEG and with noise, before (above) and after (below)."""
    upscaler = hatsr.load(model)
    photograph = Image.open(PHOTOGRAPH).convert("RGB").crop(CROP)
    sources = {
        "clean": photograph,
        f"JPEG, quality {QUALITY}": as_jpeg(photograph),
        f"noise of {SIGMA} levels": with_noise(photograph),
    }
    width, height = (upscaler.scale * side for side in photograph.size)
    step = width + GAP, height + GAP
    sheet = Image.new("RGB", (len(sources) * step[0] - GAP, 2 * step[1] - GAP), "white")
    for column, (label, source) in enumerate(sources.items()):
        nearest = source.resize((width, height), Image.Resampling.NEAREST)
        sheet.paste(labelled(nearest, label), (column * step[0], 0))
        sheet.paste(labelled(upscaler.upscale(source), model), (column * step[0], step[1]))
    return sheet


def as_jpeg(photograph: Image.Image) -> Image.Image:
    file = io.BytesIO()
    photograph.save(file, "jpeg", quality=QUALITY)
    return Image.open(file)


def with_noise(photograph: Image.Image) -> Image.Image:
    codes = np.asarray(photograph, float)
    codes += np.random.default_rng(0).normal(0, SIGMA, codes.shape)
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
