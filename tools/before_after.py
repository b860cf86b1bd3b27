"""The README's picture: a small photograph enlarged by bicubic interpolation and by hatsr.

python tools/before_after.py [-o docs/pictures/before-after.webp]
"""

import argparse
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

import hatsr
from hatsr.resize import imresize

ROOT = Path(__file__).parents[1]
CROP = (64, 4, 176, 88)  # left, top, right, bottom in the photograph
SCALE, GAP = 4, 6


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("-o", "--out", type=Path, default=ROOT / "docs/pictures/before-after.webp")
    options = parser.parse_args()
    photograph = ROOT / "examples/astronaut.jpg"
    pixels = np.asarray(Image.open(photograph).convert("RGB"))
    panels = {
        f"bicubic x{SCALE}": Image.fromarray(imresize(pixels, SCALE)),
        "hatsr upscale": hatsr.upscale(photograph),
    }
    left_edge, top, right, bottom = (SCALE * edge for edge in CROP)
    side, height = right - left_edge, bottom - top
    sheet = Image.new("RGB", (len(panels) * (side + GAP) - GAP, height), "white")
    draw = ImageDraw.Draw(sheet)
    for place, (label, panel) in enumerate(panels.items()):
        left = place * (side + GAP)
        sheet.paste(panel.crop((left_edge, top, right, bottom)), (left, 0))
        font = ImageFont.load_default(14)
        box = draw.textbbox((left + 8, sheet.height - 24), label, font=font)
        draw.rectangle((box[0] - 4, box[1] - 3, box[2] + 4, box[3] + 3), fill="black")
        draw.text((left + 8, sheet.height - 24), label, fill="white", font=font)
    sheet.save(options.out, quality=92)


if __name__ == "__main__":
    main()
