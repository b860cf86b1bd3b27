"""Chunks of PNG files and their checksums."""

import struct

import pytest
from picture_files import chunk, gray_png

from hatsr import image
from hatsr.image.bitstreams.png_chunks import MAGIC, begins_without_text, size_of


@pytest.mark.parametrize("name", ["tEXt", "pHYs", "iCCP", "eXIf", "tIME", "quIt"])
def test_a_chunk_with_a_wrong_checksum_is_left_out(name: str) -> None:
    wrong = chunk(name.encode(), b"Comment\0a view", checksum=1)
    picture = image.read(gray_png(wrong, wrong, chunk(b"tEXt", b"Title\0kept")))
    assert image.to_array(picture).tolist() == [[1]]
    assert picture.notes == (f"checksum of {name} chunk is wrong: left out",)
    assert picture.text == (("Title", "kept"),)
    assert (picture.dpi, picture.icc_profile, picture.exif) == (None, None, None)


@pytest.mark.parametrize("name", ["PLTE", "tRNS", "IDAT", "QuIt", "IHDR", "a\\xff!?"])
def test_a_wrong_checksum_is_an_error_where_pixels_depend_on_the_chunk(name: str) -> None:
    wrong = chunk(name.encode("latin-1")[:4], b"abc", checksum=1)
    with pytest.raises(image.PictureError, match=r"PNG chunk .* is wrong; get the file"):
        image.read(gray_png(wrong))


def test_a_wrong_checksum_of_the_header() -> None:
    data = bytearray(gray_png())
    data[29] ^= 1
    with pytest.raises(image.PictureError, match="checksum of PNG chunk IHDR is wrong"):
        image.read(bytes(data))


def png(*names: bytes, size: tuple[int, int] = (3, 2)) -> bytes:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", *size, 8, 0, 0, 0, 0))
    return MAGIC + header + b"".join(chunk(name, b"12345") for name in names)


@pytest.mark.parametrize(
    ("data", "size"),
    [
        (png(), (2, 3)),
        (png(size=(0, 2)), None),
        (png()[:23], None),
        (b"\xff\xd8" + png()[2:], None),
        (MAGIC + png(b"IDAT")[33:], None),
    ],
)
def test_size_of(data: bytes, size: tuple[int, int] | None) -> None:
    assert size_of(data) == size


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ((b"IDAT",), True),
        ((b"pHYs", b"IDAT", b"tEXt"), True),
        ((b"pHYs", b"tEXt", b"IDAT"), False),
        ((b"iTXt", b"IDAT"), False),
        ((b"pHYs",), False),  # there may be more
    ],
)
def test_begins_without_text(names: tuple[bytes, ...], expected: bool) -> None:
    assert begins_without_text(png(*names)) is expected
