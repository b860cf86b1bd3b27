"""TIFF files, opened again by other programs."""

import io
import warnings
from dataclasses import replace

import numpy as np
import pytest
import tifffile
from picture_files import iptc_record
from PIL import Image, ImageCms, IptcImagePlugin

from hatsr import image
from hatsr.image.metadata import exif as exif_block

RNG = np.random.default_rng(3)


DEEP = RNG.integers(0, 65536, (13, 19, 4)).astype(np.uint16)


FLAT = (DEEP >> 8).astype(np.uint8)


SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


SOFTWARE = "hatsr 0.1: hat-t-x4, scale 4"


def pixels(array: np.ndarray, channels: int) -> np.ndarray:
    return np.ascontiguousarray(array[..., 0] if channels == 1 else array[..., :channels])


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("array", [FLAT, DEEP])
@pytest.mark.parametrize("order", [b"II*\0\0\0\0\x08", b"MM\0*\0\0\0\x08"])
def test_tiff_is_understood_by_others(array: np.ndarray, channels: int, order: bytes) -> None:
    block = b"MM\0*\0\0\0\x08" + bytes(6) if order[:2] == b"MM" else exif_block.EMPTY
    picture = replace(image.from_array(pixels(array, channels)), exif=block, icc_profile=SRGB)
    data = image.encode(picture, "tiff", software=SOFTWARE)
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        page = file.pages.first
        np.testing.assert_array_equal(page.asarray(), pixels(array, channels))
        assert isinstance(page, tifffile.TiffPage)
        assert page.tags[34675].value == SRGB
        assert page.tags["Software"].value == SOFTWARE
        assert file.byteorder == (">" if order[:2] == b"MM" else "<")
    if array is FLAT:
        np.testing.assert_array_equal(Image.open(io.BytesIO(data)), pixels(array, channels))


def test_tiff_of_many_strips() -> None:
    array = RNG.integers(0, 65536, (900, 400, 3)).astype(np.uint16)
    data = image.encode(image.from_array(array), "tiff")
    np.testing.assert_array_equal(tifffile.imread(io.BytesIO(data)), array)


def test_iptc_of_a_tiff_is_understood_by_others() -> None:
    records = iptc_record(80, b"Ansel Adams")
    data = image.encode(replace(image.from_array(FLAT[..., :3]), iptc=records), "tiff")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read = Image.open(io.BytesIO(data))
        read.load()
    assert IptcImagePlugin.getiptcinfo(read) == {(2, 80): b"Ansel Adams"}  # pyright: ignore[reportArgumentType]
    data = image.encode(replace(image.from_array(FLAT[..., :3]), iptc=records), "jpeg")
    read = Image.open(io.BytesIO(data))
    assert IptcImagePlugin.getiptcinfo(read) == {(2, 80): b"Ansel Adams"}  # pyright: ignore[reportArgumentType]
