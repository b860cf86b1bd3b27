"""Animations and documents that the tests make."""

from pathlib import Path

import numpy as np
from PIL import Image, TiffImagePlugin

from hatsr.image import PictureFrame, read_sequence

HEIGHT, WIDTH = 18, 20
TIMES = (40, 100, 100, 250)
"""Milliseconds of each frame."""


def drawing(number: int, *, clear: bool = False) -> np.ndarray:
    """A frame of few colours, h w 4, uint8: a box moves over stripes, which may be clear."""
    rgba = np.zeros((HEIGHT, WIDTH, 4), np.uint8)
    rgba[:, ::4, 2] = 200
    rgba[..., 3] = 0 if clear else 255
    rgba[3:8, 3 * number : 3 * number + 4] = 250, 120, 10, 255
    return rgba


def make_animation(path: Path, numbers: tuple[int, ...] = (0, 1, 1, 3), **options: object) -> Path:
    """Write frames by Pillow, which stores what changes only; `clear` makes holes in them."""
    clear = bool(options.pop("clear", False))
    frames = [Image.fromarray(drawing(n, clear=clear)) for n in numbers]
    frames = frames if clear else [frame.convert("RGB") for frame in frames]
    given = {"duration": list(TIMES), "loop": 0} | options
    frames[0].save(path, save_all=True, append_images=frames[1:], **given)  # pyright: ignore
    return path


def frames_of(path: Path) -> list[PictureFrame]:
    """All frames or pages."""
    return list(read_sequence(path))


def codes_of(frame: PictureFrame) -> np.ndarray:
    """h w 4, uint8; what is clear is black."""
    picture = frame.picture
    alpha = np.ones(picture.rgb.shape[:2], np.float32) if picture.alpha is None else picture.alpha
    rgba = np.dstack([picture.rgb, alpha])
    rgba[alpha == 0] = 0
    return np.round(255 * rgba).astype(np.uint8)


def make_document(path: Path) -> Path:
    """Pages of different size, kind, resolution and author."""
    rng = np.random.default_rng(0)
    pages = [
        Image.fromarray(rng.integers(0, 256, (5, 7, 3), np.uint8)),
        Image.fromarray(rng.integers(0, 256, (6, 4), np.uint8)),
        Image.fromarray(rng.integers(64, 256, (3, 3, 4), np.uint8), "RGBA"),
    ]
    with TiffImagePlugin.AppendingTiffWriter(str(path), new=True) as file:
        for number, page in enumerate(pages):
            about = {315: f"Author {number}"}
            page.save(file, "TIFF", dpi=(100 + number, 100 + number), tiffinfo=about)
            file.newFrame()
    return path
