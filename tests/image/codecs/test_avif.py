"""AVIF files: depth and colours."""

import struct

import imagecodecs
import numpy as np
import pytest
from picture_files import SMOOTH, SRGB, encoded
from PIL import Image

from hatsr import image


def test_avif_keeps_ten_bits() -> None:
    ramp = np.tile(np.arange(1024, dtype=np.uint16), (8, 1))
    data = imagecodecs.avif_encode(np.dstack([ramp] * 3), level=100, bitspersample=10)
    picture = image.read(bytes(data))
    assert picture.bits == 16
    assert len(np.unique(picture.rgb)) > 256
    np.testing.assert_allclose(picture.rgb[..., 1], ramp / 1023, atol=0.01)


@pytest.mark.parametrize(
    ("numbers", "notes"),
    [
        ((1, 13), ()),
        ((1, 1), ()),
        ((2, 2), ()),
        ((12, 13), ("colours of Display P3 are taken as sRGB",)),
        ((1, 18), ("colours of HLG are taken as sRGB",)),
    ],
)
def test_colours_of_an_avif_that_are_not_srgb(
    numbers: tuple[int, int], notes: tuple[str, ...]
) -> None:
    data = bytearray(encoded(Image.fromarray(SMOOTH), "AVIF"))
    struct.pack_into(">HH", data, data.index(b"colrnclx") + 8, *numbers)
    assert image.read(bytes(data)).notes == notes


def test_a_profile_of_an_avif_comes_first() -> None:
    data = encoded(Image.fromarray(SMOOTH), "AVIF", icc_profile=SRGB)
    data = data.replace(b"colrnclx\0\1", b"colrnclx\0\x0c")
    assert image.read(data).notes == ()
