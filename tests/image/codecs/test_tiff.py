"""TIFF files: samples of every kind, layouts, metadata."""

import io
import struct

import numpy as np
import pytest
import tifffile
from picture_files import (
    DEEP,
    NOISE,
    RECORDS,
    RESOURCES,
    SMOOTH,
    codes_of,
    encoded,
    tiff,
    transposed,
)
from PIL import Image

from hatsr import image


@pytest.mark.parametrize("options", [{}, {"compression": "zlib", "predictor": True}])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("array", [NOISE, DEEP])
def test_tiff_keeps_every_bit(
    array: np.ndarray, channels: int, order: str, options: dict[str, object]
) -> None:
    array = np.ascontiguousarray(array[..., 0] if channels == 1 else array[..., :channels])
    kind = "minisblack" if channels < 3 else "rgb"
    data = tiff(array, photometric=kind, byteorder=order, planarconfig="contig", **options)
    np.testing.assert_array_equal(codes_of(data), array)


@pytest.mark.parametrize(
    "options",
    [
        {"tile": (16, 16), "compression": "lzw"},
        {"planarconfig": "separate", "compression": "zstd"},
        {"rowsperstrip": 3},
        {"bigtiff": True},
        {"compression": "packbits"},
    ],
)
def test_tiff_layouts(options: dict[str, object]) -> None:
    array = DEEP[..., :3]
    if options.get("planarconfig") == "separate":
        data = tiff(np.ascontiguousarray(array.transpose(2, 0, 1)), photometric="rgb", **options)
    else:
        data = tiff(array, photometric="rgb", **options)
    np.testing.assert_array_equal(codes_of(data), array)


def test_tiff_kinds_of_samples() -> None:
    white = tiff(DEEP[..., 0], photometric="miniswhite")
    np.testing.assert_array_equal(codes_of(white), 65535 - DEEP[..., 0])
    twelve = image.read(tiff(DEEP[..., 0] >> 4, photometric="minisblack", bitspersample=12))
    np.testing.assert_array_equal(twelve.rgb[..., 0], (DEEP[..., 0] >> 4) / np.float32(4095))
    halves = np.random.default_rng(2).random((5, 6, 3)).astype(np.float32)
    floats = image.read(tiff(halves, photometric="rgb"))
    np.testing.assert_array_equal(floats.rgb, halves)
    assert floats.bits == 16
    wide = image.read(tiff(DEEP[..., 0].astype(np.uint32), photometric="minisblack"))
    np.testing.assert_array_equal(image.to_array(wide), DEEP[..., 0])
    for bad, words in (
        (halves * 300, r"in \[0, 1\], got"),
        (DEEP[..., 0].astype(np.uint32) * 9, "0 to 65535, got"),
        (DEEP[..., 0].astype(np.int8), "codes or floats, got int8"),
        (np.zeros((3, 4, 5, 6), np.uint8), "one flat picture"),
    ):
        with pytest.raises(image.PictureError, match=words):
            image.read(
                tiff(
                    bad, photometric="minisblack", **({"volumetric": True} if bad.ndim == 4 else {})
                )
            )


def test_tiff_alpha_that_is_multiplied_in() -> None:
    array = np.array([[[50, 25, 0, 51], [0, 0, 0, 0]]], np.uint8)
    picture = image.read(tiff(array, photometric="rgb", extrasamples=["assocalpha"]))
    assert codes_of(tiff(array, photometric="rgb", extrasamples=["assocalpha"])) == [
        [[250, 125, 0, 51], [0, 0, 0, 0]]
    ]
    assert picture.bits == 8


def test_tiff_extra_channels_and_pages_are_noted() -> None:
    file = io.BytesIO()
    with tifffile.TiffWriter(file) as writer:
        writer.write(DEEP, photometric="rgb", extrasamples=["unspecified"], metadata=None)
        writer.write(DEEP[..., 0], photometric="minisblack", metadata=None)
    picture = image.read(file.getvalue())
    assert picture.alpha is None
    assert picture.notes == (
        "page 1 of 2 is used",
        "extra channels of unknown meaning are left out",
    )


@pytest.mark.parametrize("mode", ["P", "CMYK", "YCbCr", "LAB", "1"])
@pytest.mark.parametrize("compression", [None, "tiff_lzw"])
def test_tiff_colour_spaces(mode: str, compression: str | None) -> None:
    source = Image.fromarray(SMOOTH)
    source = source.quantize() if mode == "P" else source.convert("L" if mode == "LAB" else mode)
    if mode == "LAB":
        source = Image.merge(
            "LAB", (source, Image.new("L", source.size), Image.new("L", source.size))
        )
    picture = image.read(encoded(source, "TIFF", compression=compression))
    expected = image.from_pil(source)
    np.testing.assert_allclose(
        picture.rgb, expected.rgb, atol=1.1 / 255
    )  # libtiff rounds otherwise
    assert picture.notes == expected.notes


def test_tiff_with_jpeg_inside() -> None:
    data = encoded(Image.fromarray(SMOOTH), "TIFF", compression="jpeg", quality=97)
    assert np.abs(np.array(codes_of(data)) - SMOOTH).mean() < 3


def test_deep_cmyk_tiff() -> None:
    inks = np.zeros((4, 4, 4), np.uint16)
    inks[..., 0] = 65535
    picture = image.read(tiff(inks, photometric="separated"))
    np.testing.assert_array_equal(picture.rgb[0, 0], [0, 1, 1])


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_bigtiff_is_described(order: str) -> None:
    tags = [
        (0x112, "H", 1, 6, True),
        (0x13B, "s", 0, "Ansel Adams", True),
        (0x8298, "s", 0, "free", True),
    ]
    options = {"resolution": (300, 150), "resolutionunit": 2, "description": "a view"}
    data = tiff(SMOOTH, photometric="rgb", bigtiff=True, byteorder=order, extratags=tags, **options)
    picture = image.read(data)
    np.testing.assert_array_equal(picture.rgb * 255, np.asarray(transposed(6), np.float32))
    assert picture.dpi == (150, 300)  # turned
    assert picture.notes == ()
    found = Image.Exif()
    found.load(b"Exif\0\0" + (picture.exif or b""))
    assert found[0x112] == 1
    assert (found[0x10E], found[0x13B], found[0x8298]) == ("a view", "Ansel Adams", "free")
    assert 0x102 not in found


def test_what_a_bigtiff_says_elsewhere_is_noted() -> None:
    data = tiff(SMOOTH, photometric="rgb", bigtiff=True, extratags=[(0x9C9B, "B", 4, b"a\0\0\0")])
    entry = data.index(struct.pack("<HHQ", 0x9C9B, 1, 4))
    pointer = struct.pack("<HHQQ", 0x8769, 13, 1, 8)
    picture = image.read(data[:entry] + pointer + data[entry + 20 :])
    assert picture.notes == ("camera settings and position in a BigTIFF are left out",)


def test_values_of_a_bigtiff_that_overlap() -> None:
    data = tiff(SMOOTH, photometric="rgb", bigtiff=True, software="x" * 99, description="y" * 99)
    huge = data.replace(struct.pack("<Q", 100), struct.pack("<Q", len(data) - 500))
    picture = image.read(huge)
    assert picture.exif is None
    assert picture.notes == ("EXIF is damaged: left out",)


@pytest.mark.parametrize("bigtiff", [False, True])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(
    ("tag", "kind", "content"),
    [
        (33723, "B", RECORDS),
        (33723, "I", RECORDS + bytes(-len(RECORDS) % 4)),
        (34377, "B", RESOURCES),
    ],
)
def test_iptc_of_a_tiff(tag: int, kind: str, content: bytes, order: str, bigtiff: bool) -> None:
    value = content if kind == "B" else np.frombuffer(content, ">u4").tolist()
    tags = [(tag, kind, len(value), value, True)]
    data = tiff(SMOOTH, photometric="rgb", byteorder=order, bigtiff=bigtiff, extratags=tags)
    picture = image.read(data)
    assert (picture.iptc or b"").rstrip(b"\0") == RECORDS
    assert picture.notes == ()


def test_damaged_iptc_is_left_out() -> None:
    data = tiff(SMOOTH, photometric="rgb", extratags=[(33723, "B", 5, RECORDS[:5], True)])
    picture = image.read(data)
    assert picture.iptc is None
    assert picture.notes == ("IPTC fields are damaged: left out",)


def test_descriptions_of_a_tiff() -> None:
    tags = [(269, "s", 0, "the document", True)]
    data = tiff(SMOOTH, photometric="rgb", description="a view", extratags=tags)
    found = Image.Exif()
    found.load(b"Exif\0\0" + (image.read(data).exif or b""))
    assert (found[0x10E], found[0x10D]) == ("a view", "the document")


@pytest.mark.parametrize(
    ("tag", "value", "words"),
    [
        ("ImageLength", 60_000, "whole, undamaged|cut short|megapixels"),
        ("StripByteCounts", 0, "cut short"),
        ("StripByteCounts", 2**31, "cut short"),
        ("StripOffsets", 2**31, "cut short"),
        ("NewSubfileType", 1, "camera's raw picture"),
    ],
)
def test_tiff_lies(tag: str, value: int, words: str) -> None:
    data = bytearray(tiff(DEEP[..., :3], photometric="rgb", subfiletype=2))
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        page = file.pages.first
        assert isinstance(page, tifffile.TiffPage)
        at = page.tags[tag].valueoffset
        code = {2: "<H", 4: "<I", 1: "<B"}[page.tags[tag].valuebytecount]
    struct.pack_into(
        "<I" if code == "<I" else code, data, at, value % 2 ** (8 * struct.calcsize(code))
    )
    with pytest.raises(image.PictureError, match=words):
        image.read(bytes(data))
