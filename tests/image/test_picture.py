"""Arrays and pictures."""

import numpy as np
import pytest

from hatsr import image

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("channels", [None, 2, 3, 4])
@pytest.mark.parametrize("size", [(1, 1), (1, 7), (5, 1), (300, 4)])
def test_arrays_come_back(bits: int, channels: int | None, size: tuple[int, int]) -> None:
    shape = size if channels is None else (*size, channels)
    array = RNG.integers(0, 2**bits, shape).astype(f"u{bits // 8}")
    picture = image.from_array(array)
    assert picture.rgb.shape == (*size, 3)
    assert picture.gray == (channels in (None, 2))
    assert (picture.alpha is None) == (channels in (None, 3))
    back = image.to_array(picture)
    assert back.dtype == array.dtype
    np.testing.assert_array_equal(back, array)


def test_gray_column_and_floats() -> None:
    assert image.to_array(image.from_array(np.zeros((4, 5, 1), np.uint8))).shape == (4, 5)
    floats = RNG.random((4, 5, 3))
    picture = image.from_array(floats)
    assert picture.bits == 16
    np.testing.assert_array_equal(picture.rgb, floats.astype(np.float32))
    big_endian = np.array([[0, 256, 65535]], ">u2")
    np.testing.assert_array_equal(image.to_array(image.from_array(big_endian)), big_endian)


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.zeros((4, 5, 5), np.uint8), r"shape h w.*got \(4, 5, 5\) uint8"),
        (np.zeros(4, np.uint8), r"got \(4,\) uint8"),
        (np.zeros((0, 5), np.uint8), "at least one pixel"),
        (np.zeros((4, 5), np.int64), r"uint8, uint16 or float.*got int64"),
        (np.full((4, 5), 255.0), r"in \[0, 1\], got 255 to 255"),
        (np.full((4, 5), np.nan), r"in \[0, 1\], got nan"),
    ],
)
def test_arrays_that_are_refused(array: np.ndarray, words: str) -> None:
    with pytest.raises(image.PictureError, match=words):
        image.from_array(array)


def test_gray_is_the_mean_of_the_channels() -> None:
    picture = image.Picture(rgb=np.array([[[0.1, 0.2, 0.3]]], np.float32), gray=True)
    np.testing.assert_array_equal(image.to_array(picture), [[51]])


def test_enlarging_refuses_another_size_and_forgotten_alpha() -> None:
    array = np.zeros((4, 6, 4), np.uint8)
    array[0, 0] = 255
    picture = image.from_array(array)
    with pytest.raises(ValueError, match="sr must be 2 times 4 x 6, got 8 x 13"):
        image.enlarged(picture, np.zeros((8, 13, 3), np.float32), 2)
    with pytest.raises(ValueError, match="alpha must be enlarged too"):
        image.enlarged(picture, np.zeros((8, 12, 3), np.float32), 2)
