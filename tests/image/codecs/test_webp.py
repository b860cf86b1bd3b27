"""WebP files with and without loss."""

import io
from dataclasses import replace

import numpy as np
import pytest
from picture_files import NOISE, SMOOTH, SRGB, encoded
from PIL import Image

from hatsr import image


@pytest.mark.parametrize(
    ("options", "lossless"),
    [
        ({"lossless": True}, True),
        ({"lossless": True, "icc_profile": SRGB}, True),
        ({"lossless": True, "save_all": True, "append_images": [Image.new("L", (160, 120))]}, True),
        ({}, False),
        ({"icc_profile": SRGB}, False),
    ],
)
@pytest.mark.parametrize("alpha", [0, 255])
def test_a_lossless_webp_is_known(options: dict[str, object], lossless: bool, alpha: int) -> None:
    source = Image.fromarray(SMOOTH)
    source.putalpha(Image.new("L", source.size, alpha))
    source.putpixel((0, 0), (1, 2, 3, 77))
    assert image.read(encoded(source, "WEBP", **options)).lossless is lossless


FLAT = NOISE


def test_a_lossless_webp_stays_so_unless_told() -> None:
    source = replace(image.from_array(FLAT), lossless=True)
    again = image.read(image.encode(image.read(image.encode(source, "webp")), "webp"))
    assert again.lossless
    np.testing.assert_array_equal(image.to_array(again), FLAT)
    assert not image.read(image.encode(source, "webp", quality=90)).lossless
    assert not image.read(image.encode(image.from_array(FLAT), "webp")).lossless
    big = image.enlarged(
        source, np.zeros((34, 46, 3), np.float32), 2, np.ones((34, 46), np.float32)
    )
    assert big.lossless


def test_sixteen_bits_are_rounded_to_eight() -> None:
    codes = np.array([[0, 128, 129, 65535]], np.uint16)  # 257 / 2 = 128.5 is the border
    data = image.encode(replace(image.from_array(codes), lossless=True), "webp")
    assert np.asarray(Image.open(io.BytesIO(data)))[0, :, 0].tolist() == [0, 0, 1, 255]
