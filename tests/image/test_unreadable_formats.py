"""Kinds of files that are known but not read."""

import struct
from pathlib import Path

import pytest
from picture_files import encoded
from PIL import Image

from hatsr import image


def media(major: bytes, *compatible: bytes) -> bytes:
    """The beginning of an ISO media file."""
    brands = major + bytes(4) + b"".join(compatible)
    return struct.pack(">I4s", 8 + len(brands), b"ftyp") + brands + b"\0\0\0\x08meta" + bytes(99)


CONVERT = r"set the camera to \"most compatible\""
KINDS = [
    *(
        (media(brand, b"mif1", b"heic"), "a HEIC picture; convert it to JPEG or PNG, or " + CONVERT)
        for brand in (b"mif1", b"heic", b"heix", b"hevc", b"hevx", b"msf1")
    ),
    (media(b"mif1"), "a HEIC picture"),
    (media(b"crx "), "a camera's raw picture; develop it first"),
    (media(b"isom", b"mp41"), "a video; save one of its frames"),
    (b"\xff\x0a" + bytes(30), "a JPEG XL picture; convert it to PNG"),
    (b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(30), "a JPEG XL picture"),
    (b"\xff\x4f\xff\x51" + bytes(30), "a JPEG 2000 picture; convert it to PNG"),
    (b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(30), "a JPEG 2000 picture"),
    (b"8BPS\0\1" + bytes(30), r"a Photoshop document \(PSD\); export it as PNG"),
    (b"gimp xcf v011\0", r"a GIMP document \(XCF\)"),
    (b"%PDF-1.7\n", "a PDF document; export its picture as PNG"),
    (b"%!PS-Adobe-3.0", "a PostScript document"),
    (
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        r"a drawing \(SVG\); export it as PNG",
    ),
    (b"<?xml version='1.0'?>\n<!-- a\nb -->\n<!DOCTYPE svg PUBLIC>", r"a drawing \(SVG\)"),
    (b"\xef\xbb\xbf <!doctype HTML>\n<html>", "a web page; download the picture itself"),
    (b"v/1\x01" + bytes(30), "an OpenEXR picture"),
    (b"#?RADIANCE\n", "a Radiance HDR picture"),
    (b"\0\0\1\0\3\0\x10\x10", r"an icon \(ICO\)"),
    (b"qoif", "a QOI picture"),
    (b"DDS |", "a DDS texture"),
    (b"P3\n2 2\n255\n", "a PBM, PAM, PFM or plain-text PGM or PPM picture"),
    (b"PF\n2 2\n-1\n", "a PBM, PAM, PFM"),
    (b"II\xbc\x01", "a JPEG XR picture"),
    (b"FUJIFILMCCD-RAW 0201", "a camera's raw picture"),
    (b"PK\x03\x04", "an archive; unpack it first"),
]


@pytest.mark.parametrize(("data", "words"), KINDS)
def test_the_kind_is_named(data: bytes, words: str, tmp_path: Path) -> None:
    path = tmp_path / "picture.png"
    path.write_bytes(data)
    for source in (data, path):
        with pytest.raises(image.PictureError, match=f"file must be PNG, .*, got {words}"):
            image.read(source)


@pytest.mark.parametrize("data", [bytes(40), b"MZ\x90\0", b"\xff" * 9])
def test_other_kinds_are_no_pictures(data: bytes) -> None:
    words = "got no picture that hatsr reads; if another program shows it, save it there as PNG"
    with pytest.raises(image.PictureError, match=words):
        image.read(data)


@pytest.mark.parametrize(
    "data", [b"P3", b"<xml/>", b"ftyp", "a\r\n\té".encode(), "aé".encode()[:-1]]
)
def test_a_text_is_no_picture(data: bytes) -> None:
    words = "got a text file, which is no picture; choose another file"
    with pytest.raises(image.PictureError, match=words):
        image.read(data)


@pytest.mark.parametrize(
    "brands",
    [(b"mif1", b"mif1", b"avif", b"miaf"), (b"mif1", *[b"miaf"] * 40, b"avif"), (b"avis",)],
)
def test_avif_by_a_compatible_brand(brands: tuple[bytes, ...], tmp_path: Path) -> None:
    data = encoded(Image.new("RGB", (9, 8), "white"), "AVIF")
    old = struct.unpack_from(">I", data)[0]
    new = media(*brands)[: 16 + 4 * (len(brands) - 1)]
    path = tmp_path / "picture.heic"
    path.write_bytes(new + data[old:])
    with pytest.raises(image.PictureError, match="undamaged picture"):  # its offsets are now wrong
        image.read(path)
    same = bytearray(data)
    same[8:12], same[16:20] = b"mif1", b"avif"
    assert image.read(bytes(same)).width == 9
