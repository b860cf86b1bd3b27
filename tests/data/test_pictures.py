"""LR from HR by the protocol, and files of pictures."""

import numpy as np
import pytest

from hatsr.data.pictures import at_least, decode, downsample, downsample_float, encode
from hatsr.resize import imresize


def noise(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)


def test_encode_is_undone_by_decode() -> None:
    np.testing.assert_array_equal(decode(encode(noise(5, 7))), noise(5, 7))


@pytest.mark.parametrize("scale", [1, 2, 3, 4])
def test_lr_is_that_of_the_largest_part_that_the_scale_divides(scale: int) -> None:
    hr = noise(14, 19)
    lr = downsample(hr, scale)
    assert (lr.dtype, lr.shape) == (np.uint8, (14 // scale, 19 // scale, 3))
    cut = hr[: 14 // scale * scale, : 19 // scale * scale].copy()
    np.testing.assert_array_equal(lr, imresize(cut, size=lr.shape[:2]))


def test_float_lr_is_the_same_but_for_the_rounding() -> None:
    hr = np.full((8, 12, 3), 51, dtype=np.uint8)
    np.testing.assert_allclose(downsample_float(hr, 4), np.full((2, 3, 3), 0.2), atol=1e-6)
    hr = noise(8, 12)
    rounded = np.clip(downsample_float(hr, 4) * 255, 0, 255)
    assert np.abs(rounded - downsample(hr, 4)).max() <= 1.0  # each of two passes rounds


@pytest.mark.parametrize(
    ("size", "side", "grown"),
    [((5, 7), 5, (5, 7)), ((5, 7), 10, (10, 14)), ((9, 4), 6, (14, 6)), ((3, 3), 8, (8, 8))],
)
def test_small_pictures_grow_until_the_shorter_side_will_do(
    size: tuple[int, int], side: int, grown: tuple[int, int]
) -> None:
    assert at_least(noise(*size), side).shape[:2] == grown
