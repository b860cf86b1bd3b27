"""Codes, arrays, tensors and Pillow images against the picture."""

import io
import subprocess
import sys

import numpy as np
import pytest
import torch
from PIL import Image

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


def test_tensors() -> None:
    picture = image.from_array(RNG.integers(0, 256, (5, 7, 3)).astype(np.uint8))
    tensor = image.to_tensor(picture)
    assert tensor.shape == (1, 3, 5, 7)
    assert tensor.dtype == torch.float32
    np.testing.assert_array_equal(image.from_tensor(tensor), picture.rgb)
    np.testing.assert_array_equal(
        image.from_tensor(tensor.to(torch.bfloat16)), tensor.bfloat16().float()[0].movedim(0, 2)
    )
    assert image.alpha_to_tensor(picture) is None


def test_alpha_is_enlarged_as_a_gray_picture() -> None:
    array = np.zeros((4, 6, 4), np.uint8)
    array[:, 3:] = 255
    picture = image.from_array(array)
    assert not picture.opaque
    alpha = image.alpha_to_tensor(picture)
    assert alpha is not None
    assert alpha.shape == (1, 3, 4, 6)
    assert image.to_tensor(picture).min() == 1  # the white has bled into the black
    sr = np.ones((8, 12, 3), np.float32)
    big = image.enlarged(picture, sr, 2, np.repeat(np.repeat(image.from_tensor(alpha), 2, 0), 2, 1))
    assert big.alpha is not None
    np.testing.assert_array_equal(big.alpha[0], [0] * 6 + [1] * 6)


def test_an_even_alpha_needs_no_enlargement() -> None:
    picture = image.from_array(np.full((4, 6, 2), 51, np.uint8))
    assert image.alpha_to_tensor(picture) is None
    big = image.enlarged(picture, np.zeros((12, 18, 3), np.float32), 3)
    np.testing.assert_array_equal(image.to_array(big)[..., 1], np.full((12, 18), 51))


def test_enlarging_refuses_another_size_and_forgotten_alpha() -> None:
    array = np.zeros((4, 6, 4), np.uint8)
    array[0, 0] = 255
    picture = image.from_array(array)
    with pytest.raises(ValueError, match="sr must be 2 times 4 x 6, got 8 x 13"):
        image.enlarged(picture, np.zeros((8, 13, 3), np.float32), 2)
    with pytest.raises(ValueError, match="alpha must be enlarged too"):
        image.enlarged(picture, np.zeros((8, 12, 3), np.float32), 2)


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("1", "L"),
        ("L", "L"),
        ("LA", "LA"),
        ("P", "RGB"),
        ("RGB", "RGB"),
        ("RGBA", "RGBA"),
        ("RGBX", "RGB"),
        ("RGBa", "RGBA"),
        ("La", "LA"),
        ("CMYK", "RGB"),
        ("YCbCr", "RGB"),
        ("HSV", "RGB"),
        ("LAB", "RGB"),
        ("I;16", "I;16"),
        ("I;16B", "I;16"),
        ("I", "I;16"),
        ("F", "I;16"),
    ],
)
def test_pillow_modes(mode: str, expected: str) -> None:
    picture = image.from_pil(Image.new(mode, (3, 2)))
    assert (picture.height, picture.width) == (2, 3)
    assert image.to_pil(picture).mode == expected


def test_pillow_ranges() -> None:
    wide = Image.fromarray(np.array([[0, 70000]], np.int32))
    with pytest.raises(image.PictureError, match="0 to 65535, got 0 to 70000"):
        image.from_pil(wide)
    with pytest.raises(image.PictureError, match=r"in \[0, 1\], got 0 to 255"):
        image.from_pil(Image.fromarray(np.array([[0, 255]], np.float32)))
    halves = image.from_pil(Image.fromarray(np.array([[0, 0.5]], np.float32)))
    assert halves.rgb[0, 1].tolist() == [0.5, 0.5, 0.5]


def test_a_damaged_file_behind_a_pillow_image() -> None:
    file = io.BytesIO()
    Image.new("RGB", (90, 90)).save(file, "BMP")
    lazy = Image.open(io.BytesIO(file.getvalue()[:999]))
    with pytest.raises(image.PictureError, match=r"Pillow image: .*truncated"):
        image.from_pil(lazy)


@pytest.mark.parametrize(("mode", "key"), [("L", 7), ("RGB", (7, 8, 9)), ("P", 7)])
def test_transparent_colour_becomes_alpha(mode: str, key: int | tuple[int, ...]) -> None:
    picture = Image.new(mode, (2, 1), 3 if mode == "P" else 0)
    picture.putpixel((1, 0), key)
    picture.info["transparency"] = key
    read = image.from_pil(picture)
    assert read.alpha is not None
    assert read.alpha.tolist() == [[1, 0]]


def test_lab_is_converted() -> None:
    # L* 53.2, a* 80.1, b* 67.2 is close to sRGB red; Pillow keeps a and b as signed bytes
    red = Image.frombytes("LAB", (1, 1), bytes([136, 80, 67]))
    picture = image.from_pil(red)
    assert picture.notes == ("LAB converted to sRGB from D50 Lab",)
    np.testing.assert_allclose(picture.rgb[0, 0], [1, 0, 0], atol=0.06)


def test_reading_needs_no_torch() -> None:
    code = "import sys, hatsr.image; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = image.nothing  # pyright: ignore[reportAttributeAccessIssue]
