"""A folder of four small pictures."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image


def smooth(seed: int, height: int, width: int) -> np.ndarray:
    """A picture that shrinks well."""
    coarse = np.random.default_rng(seed).integers(0, 256, (5, 6, 3), dtype=np.uint8)
    return np.array(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "pictures"
    place.mkdir()
    for i, (height, width) in enumerate([(40, 50), (48, 36), (41, 43), (60, 60)]):
        Image.fromarray(smooth(i, height, width)).save(place / f"{i}.png")
    return place
