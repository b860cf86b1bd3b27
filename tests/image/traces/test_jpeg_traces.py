import io

import numpy as np
import pytest
from PIL import Image

from hatsr import image


def photo(height: int = 96, width: int = 120) -> np.ndarray:
    """Waves and grain of all sizes, 8 bit."""
    rng = np.random.default_rng(1)
    grain = sum(
        np.kron(rng.standard_normal((height // s, width // s, 3)), np.ones((s, s, 1)))
        for s in (1, 2, 4, 8)
    )
    return np.clip(128 + 18 * np.asarray(grain), 0, 255).astype(np.uint8)


def as_jpeg(codes: np.ndarray, quality: int, subsampling: int = 2) -> np.ndarray:
    file = io.BytesIO()
    Image.fromarray(codes).save(file, "JPEG", quality=quality, subsampling=subsampling)
    return np.asarray(Image.open(file))


def told(codes: np.ndarray) -> int | None:
    return image.former_jpeg_quality(image.from_array(codes).rgb)


@pytest.mark.parametrize("quality", [10, 30, 62, 75, 90, 95])
@pytest.mark.parametrize("subsampling", [0, 2])
def test_the_quality_of_a_former_jpeg(quality: int, subsampling: int) -> None:
    assert told(as_jpeg(photo(), quality, subsampling)) == quality


@pytest.mark.parametrize(
    "codes",
    [
        photo(),
        as_jpeg(photo(), 75)[3:, 5:],  # off the grid
        np.zeros((64, 64, 3), np.uint8),
        as_jpeg(photo(), 75)[:24, :24],
        photo()[:5, :5],
    ],
    ids=["never compressed", "off its grid", "black", "too small", "smaller than a block"],
)
def test_no_trace(codes: np.ndarray) -> None:
    assert told(codes) is None
