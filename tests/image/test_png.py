"""PNG files: order of pixels, checksums, text fields."""

import struct
import zlib

import numpy as np
import pytest
from picture_files import PNG_MAGIC, chunk, encoded, gray_png, iptc_record, png
from PIL import Image, PngImagePlugin

from hatsr import image

RNG = np.random.default_rng(8)
PASSES = (
    (0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4),
    (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1),
)  # fmt: skip
"""First row and column, steps down and across (PNG specification, section 8.2)."""
SIZES = [(1, 1), (1, 5), (3, 2), (5, 1), (8, 8), (11, 13)]


def interlaced(samples: np.ndarray, bits: int, colour: int, *extra: bytes) -> bytes:
    """A file of samples h w c, in the order of Adam7."""
    rows = b""
    for row, column, down, across in PASSES:
        part = samples[row::down, column::across]
        for line in part if part.size else ():
            flat = "".join(f"{sample:0{bits}b}" for sample in line.ravel())
            flat = flat.ljust(-(-len(flat) // 8) * 8, "0")
            rows += b"\0" + int(flat, 2).to_bytes(len(flat) // 8, "big")
    height, width = samples.shape[:2]
    return png((width, height, bits, colour), rows, *extra, interlaced=True)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    ("bits", "colour", "channels"),
    [(8, 0, 1), (16, 0, 1), (8, 2, 3), (16, 2, 3), (8, 4, 2), (16, 4, 2), (8, 6, 4), (16, 6, 4)],
)
def test_interlaced(
    bits: int, colour: int, channels: int, size: tuple[int, int], capfd: pytest.CaptureFixture[str]
) -> None:
    samples = RNG.integers(0, 2**bits, (*size, channels))
    read = image.to_array(image.read(interlaced(samples, bits, colour)))
    np.testing.assert_array_equal(np.atleast_3d(read), samples)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("bits", [1, 2, 4])
def test_interlaced_with_less_than_a_byte(
    bits: int, size: tuple[int, int], capfd: pytest.CaptureFixture[str]
) -> None:
    samples = RNG.integers(0, 2**bits, (*size, 1))
    gray = image.to_array(image.read(interlaced(samples, bits, 0)))
    np.testing.assert_array_equal(gray, samples[..., 0] * 255 // (2**bits - 1))
    palette = RNG.integers(0, 256, (2**bits, 3)).astype(np.uint8)
    tables = chunk(b"PLTE", palette.tobytes()), chunk(b"tRNS", b"\x80")
    colours = image.to_array(image.read(interlaced(samples, bits, 3, *tables)))
    np.testing.assert_array_equal(colours[..., :3], palette[samples[..., 0]])
    np.testing.assert_array_equal(colours[..., 3], np.where(samples[..., 0] == 0, 0x80, 255))
    assert capfd.readouterr() == ("", "")


def test_interlaced_and_cut() -> None:
    header = (9, 9, 8, 0)
    with pytest.raises(image.PictureError, match="Not enough image data; get the whole file again"):
        image.read(png(header, bytes(60), interlaced=True))


def test_tables_that_do_not_fit_are_passed_over(capfd: pytest.CaptureFixture[str]) -> None:
    tables = chunk(b"PLTE", b"abcdef"), chunk(b"tRNS", b"\0\1")
    assert image.to_array(image.read(png((1, 1, 8, 4), b"\0\1\2", *tables))).tolist() == [[[1, 2]]]
    assert image.to_array(image.read(gray_png(tables[0]))).tolist() == [[1]]
    assert capfd.readouterr() == ("", "")


def test_a_colour_type_that_there_is_not() -> None:
    with pytest.raises(image.PictureError, match="colour type must be 0, 2, 3, 4 or 6, got 5"):
        image.read(png((1, 1, 8, 5), b"\0\1"))


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
    with pytest.raises(image.PictureError, match=r"checksum of PNG chunk b'IHDR' is wrong"):
        image.read(bytes(data))


def test_a_keyword_may_stand_there_more_than_once() -> None:
    fields = (("Comment", "one"), ("Comment", "two"), ("Title", "three"))
    chunks = [chunk(b"tEXt", f"{key}\0{value}".encode()) for key, value in fields]
    picture = image.read(gray_png(*chunks))
    assert picture.text == fields
    assert image.read(image.encode(picture, "png")).text == fields


def test_text_of_which_there_is_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hatsr.image.codecs.png._MOST_TEXT", 20)
    long = chunk(b"zTXt", b"Comment\0\0" + zlib.compress(b"a" * 15))
    assert image.read(gray_png(long)).text == (("Comment", "a" * 15),)
    with pytest.raises(image.PictureError, match="text of a PNG must be at most 20 characters"):
        image.read(gray_png(long, long))


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
        ("icc", "colour profile for b'' does not fit the pixels: left out"),
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
