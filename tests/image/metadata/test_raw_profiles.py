"""Metadata in text fields of PNG files."""

import struct
import zlib

import pytest
from picture_files import PNG_MAGIC, chunk, encoded, gray_png, iptc_record
from PIL import Image, PngImagePlugin

from hatsr import image


def raw_profile(name: str, content: bytes) -> bytes:
    """A text chunk as ImageMagick writes it."""
    lines = f"\n{name}\n{len(content):8}\n{content.hex()}\n"
    key = f"Raw profile type {name}".encode()
    return chunk(b"zTXt", key + b"\0\0" + zlib.compress(lines.encode()))


EXIF = Image.Exif()


EXIF[0x13B] = "Ansel Adams"


BLOCK = EXIF.tobytes().removeprefix(b"Exif\0\0")


XMP = b"<x:xmpmeta/>"


RECORDS = iptc_record(80, b"Ansel Adams")


RESOURCES = b"8BIM\x04\x04\0\0" + struct.pack(">I", len(RECORDS)) + RECORDS


PROFILE = bytes(16) + b"GRAY" + bytes(200)


@pytest.mark.parametrize(
    ("name", "content", "field", "expected"),
    [
        ("exif", b"Exif\0\0" + BLOCK, "exif", BLOCK),
        ("APP1", b"Exif\0\0" + BLOCK, "exif", BLOCK),
        ("APP1", b"http://ns.adobe.com/xap/1.0/\0" + XMP, "xmp", XMP),
        ("xmp", XMP, "xmp", XMP),
        ("icc", PROFILE, "icc_profile", PROFILE),
        ("icm", PROFILE, "icc_profile", PROFILE),
        ("iptc", RESOURCES, "iptc", RECORDS),
        ("iptc", RECORDS, "iptc", RECORDS),
        ("8bim", b"Photoshop 3.0\0" + RESOURCES, "iptc", RECORDS),
    ],
)
def test_metadata_in_raw_profiles(name: str, content: bytes, field: str, expected: bytes) -> None:
    picture = image.read(gray_png(raw_profile(name, content)))
    assert getattr(picture, field) == expected
    assert (picture.notes, picture.text) == ((), ())


@pytest.mark.parametrize(
    ("name", "note"),
    [
        ("exif", "EXIF is damaged: left out"),
        ("xmp", "XMP is damaged: left out"),
        ("iptc", "IPTC fields are damaged: left out"),
        ("icc", "colour profile for no colour space does not fit the pixels: left out"),
        ("quit", "text field 'Raw profile type quit' is of unknown kind: left out"),
        ("APP1", "text field 'Raw profile type APP1' is of unknown kind: left out"),
    ],
)
def test_raw_profiles_that_are_damaged(name: str, note: str) -> None:
    field = b"Raw profile type %b\0\n%b\n 3\nabc\n" % (name.encode(), name.encode())
    picture = image.read(gray_png(chunk(b"tEXt", field)))
    assert picture.notes == (note,)
    assert picture.text == ()


def test_a_chunk_of_its_own_comes_before_a_raw_profile() -> None:
    info = PngImagePlugin.PngInfo()
    info.add_itxt("XML:com.adobe.xmp", "<own/>")
    data = encoded(Image.new("L", (1, 1)), "PNG", pnginfo=info)
    at = len(PNG_MAGIC) + 25
    picture = image.read(data[:at] + raw_profile("xmp", XMP) + data[at:])
    assert picture.xmp == b"<own/>"
