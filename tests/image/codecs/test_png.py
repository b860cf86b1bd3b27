"""PNG files: metadata, text fields, colours."""

import io
import struct
import zlib

import pytest
from picture_files import (
    NOISE,
    SMOOTH,
    SRGB,
    chunk,
    encoded,
    gray_png,
)
from PIL import Image, PngImagePlugin

from hatsr import image

BOMB = zlib.compress(bytes(200_000_000), 9)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("iCCP", b"x\0\0" + BOMB),
        ("iCCP", b"x\0\0not compressed"),
        ("iCCP", b"x\0\1" + zlib.compress(b"profile")),
        ("zTXt", b"x\0\0" + BOMB),
        ("iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + BOMB),
        ("iTXt", b"x\0\1\0\0\0not compressed"),
        ("pHYs", b"\0"),
    ],
)
def test_a_png_without_its_bad_chunk(name: str, content: bytes) -> None:
    kept = chunk(b"tEXt", b"Comment\0a view")
    picture = image.read(gray_png(chunk(name.encode(), content), kept))
    assert picture.notes == (f"{name} chunk is damaged or unpacks to more than 1 MB: left out",)
    assert picture.text == (("Comment", "a view"),)
    assert (picture.icc_profile, picture.xmp, picture.dpi) == (None, None, None)


def test_text_is_not_taken_for_metadata() -> None:
    picture = image.read(gray_png(*(chunk(b"tEXt", b"%b\0a" % key) for key in (b"dpi", b"gamma"))))
    assert picture.text == (("dpi", "a"), ("gamma", "a"))
    assert (picture.dpi, picture.notes) == (None, ())


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


def test_exif_of_old_png_files() -> None:
    block = Image.Exif()
    block[0x112], block[0x13B] = 6, "Ansel Adams"
    raw = block.tobytes()
    rows = raw.hex(" ", 36).replace(" ", "\n")
    text = f"\nexif\n{len(raw):8}\n{rows}\n"
    for content, notes in ((text, ()), (text[:-2], ("EXIF is damaged: left out",))):
        info = PngImagePlugin.PngInfo()
        info.add_text("Raw profile type exif", content, zip=True)
        picture = image.read(encoded(Image.fromarray(SMOOTH), "PNG", pnginfo=info))
        assert picture.notes == notes
        assert picture.text == ()
        assert (picture.width == 120) == (not notes)
        assert (b"Ansel Adams\0" in (picture.exif or b"")) == (not notes)


@pytest.mark.parametrize(
    ("name", "content", "notes"),
    [
        (b"tEXt", b"exif\0II*\0\x08\0\0\0" + bytes(6), ()),
        (b"tEXt", b"exif\0none", ("EXIF is damaged: left out",)),
        (b"iTXt", "exif\0\0\0\0\0東京".encode(), ("EXIF is damaged: left out",)),
    ],
)
def test_exif_in_a_text_field_of_this_name(
    name: bytes, content: bytes, notes: tuple[str, ...]
) -> None:
    picture = image.read(gray_png(chunk(name, content)))
    assert picture.notes == notes
    assert (picture.exif is None) == bool(notes)


def test_exif_of_its_own_chunk_comes_first() -> None:
    block, old = Image.Exif(), Image.Exif()
    block[0x13B], old[0x112] = "Ansel Adams", 6
    info = PngImagePlugin.PngInfo()
    info.add_text("Raw profile type exif", f"\nexif\n 9\n{old.tobytes().hex()}\n")
    picture = image.read(encoded(Image.fromarray(SMOOTH), "PNG", pnginfo=info, exif=block))
    assert picture.width == 160
    assert b"Ansel Adams" in (picture.exif or b"")


REC_2020 = struct.pack(">8I", 31270, 32900, 70800, 29200, 17000, 79700, 13100, 4600)


SRGB_PRIMARIES = struct.pack(">8I", 31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000)


PROFILE = b"sRGB\0\0" + zlib.compress(SRGB[:16] + b"GRAY" + SRGB[20:])


@pytest.mark.parametrize(
    ("chunks", "notes"),
    [
        ({b"cICP": bytes([1, 13, 0, 1])}, ()),
        ({b"cICP": bytes([12, 13, 0, 1])}, ("colours of Display P3 are taken as sRGB",)),
        ({b"cICP": bytes([9, 16, 0, 1])}, ("colours of BT.2020, PQ are taken as sRGB",)),
        (
            {b"cICP": bytes([22, 13, 0, 1]), b"sRGB": b"\0"},
            ("colours of primaries 22 are taken as sRGB",),
        ),
        ({b"cICP": bytes([12, 13, 0, 1]), b"iCCP": PROFILE}, ()),
        ({b"cHRM": SRGB_PRIMARIES}, ()),
        ({b"cHRM": REC_2020}, ("colours of other primaries (cHRM) are taken as sRGB",)),
        ({b"cHRM": REC_2020, b"iCCP": PROFILE}, ()),
        ({b"cHRM": REC_2020, b"sRGB": b"\0"}, ()),
        (
            {b"gAMA": struct.pack(">I", 100_000)},
            ("gamma of 1 is not applied: pixels are taken as sRGB",),
        ),
    ],
)
def test_colours_of_a_png_that_are_not_srgb(
    chunks: dict[bytes, bytes], notes: tuple[str, ...]
) -> None:
    parts = [chunk(name, content) for name, content in chunks.items()]
    assert image.read(gray_png(*parts)).notes == notes


FLAT = NOISE


def test_png_without_metadata_has_none() -> None:
    data = image.encode(image.from_array(FLAT), "png")
    assert Image.open(io.BytesIO(data)).info == {}


def test_a_name_in_png_is_latin_or_utf8() -> None:
    data = image.encode(image.from_array(FLAT), "png", software="hatsr — 東京")
    assert Image.open(io.BytesIO(data)).info["Software"] == "hatsr — 東京"
    plain = image.encode(image.from_array(FLAT), "png", software="hatsr")
    at = plain.index(b"tEXt")
    assert struct.unpack_from(">I", plain, at - 4)[0] == len(b"Software\0hatsr")
    assert plain[at + 4 : at + 18] == b"Software\0hatsr"
