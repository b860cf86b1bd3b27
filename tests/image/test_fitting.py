"""What of a picture a format cannot hold."""

import io
from dataclasses import replace

import pytest
from picture_files import DEEP, NOISE, SRGB, annotated, iptc_record
from PIL import ExifTags, Image

from hatsr import image
from hatsr.image.metadata import exif as exif_block

FLAT = NOISE


GRAY = SRGB[:16] + b"GRAY" + SRGB[20:]


SOFTWARE = "hatsr 0.1: hat-t-x4, scale 4"


def test_jpeg_segments_that_are_too_short() -> None:
    block = exif_block.stamped(None, "x" * 70_000)
    picture = replace(annotated(), exif=block, xmp=b"x" * 70_000)
    assert image.losses(picture, "jpeg") == (
        "EXIF is too long",
        "XMP is too long",
        "text fields",
    )
    file = Image.open(io.BytesIO(image.encode(picture, "jpeg", software=SOFTWARE)))
    assert dict(file.getexif()) == {ExifTags.Base.Software: SOFTWARE}
    assert "xmp" not in file.info
    assert image.losses(picture, "png") == ()


@pytest.mark.parametrize("kind", ["png", "jpeg", "webp", "tiff", "avif"])
def test_iptc_and_comments_are_kept_or_named(kind: str) -> None:
    records = iptc_record(80, b"Ansel Adams")
    fields = (("Comment", "東京"), ("Comment", "a view"))
    picture = replace(image.from_array(FLAT[..., :3]), iptc=records, text=fields)
    again = image.read(image.encode(picture, kind))
    lost = image.losses(picture, kind)
    assert again.iptc == (None if "IPTC fields" in lost else records)
    assert again.text == (() if "text fields" in lost else fields)
    assert lost == {
        "png": (),
        "jpeg": (),
        "tiff": ("text fields",),
    }.get(kind, ("IPTC fields", "text fields"))
    assert again.notes == ()


def test_iptc_and_comments_that_are_too_long_for_jpeg() -> None:
    picture = replace(
        image.from_array(FLAT[..., :3]),
        iptc=iptc_record(80, b"x" * 30_000) * 3,
        text=(("Comment", "short"), ("Comment", "x" * 70_000)),
    )
    assert image.losses(picture, "jpeg") == ("IPTC fields are too long", "comment is too long")
    again = image.read(image.encode(picture, "jpeg"))
    assert (again.iptc, again.text) == (None, (("Comment", "short"),))
    assert image.read(image.encode(picture, "png")).iptc == picture.iptc


def test_losses() -> None:
    deep = replace(image.from_array(DEEP[..., :2]), icc_profile=GRAY)
    assert image.losses(deep, "png") == ()
    assert image.losses(deep, "webp") == (
        "16 bits per channel are rounded to 8",
        "gray becomes RGB",
        "gray colour profile",
    )
    assert image.losses(deep, "avif") == image.losses(deep, "webp")
    assert Image.open(io.BytesIO(image.encode(deep, "avif"))).mode == "RGBA"
    assert "icc_profile" not in Image.open(io.BytesIO(image.encode(deep, "avif"))).info
    gray = replace(image.from_array(FLAT[..., 0]), icc_profile=GRAY)
    assert Image.open(io.BytesIO(image.encode(gray, "jpeg"))).info["icc_profile"] == GRAY


@pytest.mark.parametrize("kind", ["png", "jpeg", "webp", "tiff", "avif"])
def test_losses_are_those_found_in_the_file(kind: str) -> None:
    picture = replace(
        image.from_array(FLAT[..., :3]), dpi=(80_000.0, 80_000.0), text=(("Comment", "a view"),)
    )
    again = image.read(image.encode(picture, kind))
    lost = image.losses(picture, kind)
    assert ("text fields" in lost) == (again.text == ())
    assert ("resolution of more than 65535 dpi" in lost) == (again.dpi is None)
