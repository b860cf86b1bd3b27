"""Pictures for tests of the page and the service."""

from pathlib import Path

import numpy as np
from PIL import Image


def save_picture(path: Path, height: int, width: int) -> Path:
    """Noise, as a file."""
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path)
    return path
