"""What a file holds as it becomes a picture: turned, its metadata checked."""

import numpy as np
import pytest
from picture_files import SMOOTH, SRGB, encoded, transposed
from PIL import Image

from hatsr import image
from hatsr.image.metadata import exif


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "JPEG", "WEBP", "AVIF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_applied_once(kind: str, orientation: int) -> None:
    block = Image.Exif()
    block[0x112] = orientation
    block[0x10F] = "Company"
    options = {"lossless": True} if kind == "WEBP" else {"quality": 98}
    data = encoded(Image.fromarray(SMOOTH), kind, exif=block, **options)
    picture = image.read(data)
    shown = np.asarray(transposed(orientation), float)
    assert (picture.height, picture.width) == shown.shape[:2]
    assert np.abs(picture.rgb * 255 - shown).mean() < 3
    found = Image.Exif()
    found.load(b"Exif\0\0" + (picture.exif or b""))
    assert found.get(0x112, 1) == 1
    assert found[0x10F] == "Company"
    again = image.read(image.encode(picture, "png"))
    np.testing.assert_array_equal(again.rgb, picture.rgb)


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "JPEG", "WEBP", "AVIF"])
@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("in_exif", [False, True])
def test_resolution_is_turned_with_the_picture(kind: str, orientation: int, in_exif: bool) -> None:
    block = Image.Exif()
    block[0x112] = orientation
    if in_exif:
        block[0x11A], block[0x11B], block[0x128] = 300.0, 150.0, 2
    data = encoded(Image.fromarray(SMOOTH), kind, exif=block, dpi=(300, 150))
    expected = (300, 150) if orientation < 5 else (150, 300)
    picture = image.read(data)
    if in_exif or kind not in ("WEBP", "AVIF"):  # which have no other place for it
        assert picture.dpi == pytest.approx(expected, abs=0.02)
        again = image.read(image.encode(picture, "jpeg"))
        assert again.dpi == pytest.approx(expected, abs=0.02)
    if in_exif:
        found = Image.Exif()
        found.load(b"Exif\0\0" + (picture.exif or b""))
        assert (found[0x11A], found[0x11B]) == expected


def test_a_turn_by_xmp_turns_the_resolution_of_exif() -> None:
    block = Image.Exif()
    block[0x11A], block[0x11B], block[0x128] = 300.0, 150.0, 2
    packet = b'<a tiff:Orientation="8" tiff:XResolution="300/1" tiff:YResolution="150/1"/>'
    picture = image.read(encoded(Image.fromarray(SMOOTH), "WEBP", exif=block, xmp=packet))
    assert exif.resolution(picture.exif or b"") == (150, 300)
    assert picture.dpi == (150, 300)
    assert picture.xmp == (
        b'<a tiff:Orientation="1" tiff:XResolution="150/1" tiff:YResolution="300/1"/>'
    )


def test_orientation_of_xmp_is_applied_once() -> None:
    packet = b'<x:xmpmeta><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'
    picture = image.read(encoded(Image.fromarray(SMOOTH), "WEBP", lossless=True, xmp=packet))
    np.testing.assert_array_equal(picture.rgb * 255, np.asarray(transposed(6), np.float32))
    assert picture.xmp == packet.replace(b"6", b"1")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_damaged_exif_is_left_out(kind: str) -> None:
    data = encoded(Image.fromarray(SMOOTH), kind, exif=b"Exif\0\0II*\0\x08\0\0\0\xff\xff\0")
    picture = image.read(data)
    assert picture.exif is None
    assert picture.notes == ("EXIF is damaged: left out",)


def test_a_profile_that_does_not_fit_is_left_out() -> None:
    gray = SRGB[:16] + b"GRAY" + SRGB[20:]
    colour = image.read(encoded(Image.fromarray(SMOOTH), "PNG", icc_profile=gray))
    assert colour.icc_profile is None
    assert "does not fit" in colour.notes[0]
    kept = image.read(encoded(Image.fromarray(SMOOTH).convert("L"), "PNG", icc_profile=gray))
    assert kept.gray
    assert kept.icc_profile == gray
