"""Files of every kind -> picture."""

import io
import logging
import os
import struct
import threading
import warnings
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
import tifffile
from picture_files import encoded, iptc_record, png, tiff
from PIL import Image, ImageCms, PngImagePlugin

from hatsr import image
from hatsr.image import reading
from hatsr.image.codecs.decoded import Decoded, to_picture
from hatsr.image.codecs.png import chunk
from hatsr.image.metadata import exif

RNG = np.random.default_rng(2)
NOISE = RNG.integers(0, 256, (17, 23, 4)).astype(np.uint8)
DEEP = RNG.integers(0, 65536, (17, 23, 4)).astype(np.uint16)
SMOOTH = np.asarray(Image.fromarray(NOISE[..., :3]).resize((160, 120), Image.Resampling.BICUBIC))
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def codes(data: bytes) -> list[object]:
    return image.to_array(image.read(data)).tolist()


LOSSLESS = {
    "PNG": ("L", "RGB", "RGBA", "LA", "1"),
    "TIFF": ("L", "RGB", "RGBA", "LA", "1"),
    "WEBP": ("L", "RGB", "RGBA", "LA", "1"),
    "BMP": ("L", "RGB", "1"),
    "PPM": ("L", "RGB"),
}


@pytest.mark.parametrize(
    ("kind", "mode"), [(kind, mode) for kind, modes in LOSSLESS.items() for mode in modes]
)
def test_lossless_formats(kind: str, mode: str) -> None:
    options = {"lossless": True, "exact": True} if kind == "WEBP" else {}
    source = Image.fromarray(NOISE).convert(mode)
    picture = image.read(encoded(source, kind, **options))
    read = image.to_pil(picture)
    assert picture.bits == 8
    if kind == "WEBP":  # which has no gray
        assert not picture.gray
        read = read.convert(mode)
    elif mode == "1":
        assert picture.gray
        read = read.convert("1")
    else:
        assert read.mode == mode
    np.testing.assert_array_equal(np.asarray(read.convert(mode)), np.asarray(source))


@pytest.mark.parametrize(("kind", "close"), [("JPEG", 3), ("AVIF", 6), ("WEBP", 6)])
@pytest.mark.parametrize("gray", [False, True])
def test_lossy_formats(kind: str, close: float, gray: bool) -> None:
    source = Image.fromarray(SMOOTH).convert("L" if gray else "RGB")
    picture = image.read(encoded(source, kind, quality=97))
    assert picture.gray == (gray and kind != "WEBP")
    read = np.asarray(image.to_pil(picture).convert(source.mode), float)
    assert np.abs(read - np.asarray(source)).mean() < close


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("array", [NOISE, DEEP])
def test_png_keeps_every_bit(array: np.ndarray, channels: int) -> None:
    array = np.ascontiguousarray(array[..., 0] if channels == 1 else array[..., :channels])
    np.testing.assert_array_equal(codes(bytes(imagecodecs.png_encode(array))), array)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (png((4, 1, 2, 0), b"\0\x1b"), [0, 85, 170, 255]),
        (png((2, 1, 4, 0), b"\0\x1b"), [17, 187]),
        (
            png((4, 1, 2, 0), b"\0\x1b", chunk(b"tRNS", b"\0\1")),
            [[0, 255], [85, 0], [170, 255], [255, 255]],
        ),
        (png((2, 1, 16, 0), b"\0\1\2\3\4", chunk(b"tRNS", b"\1\2")), [[258, 0], [772, 65535]]),
        (png((1, 1, 8, 2), b"\0\1\2\3", chunk(b"tRNS", b"\0\1\0\2\0\3")), [[1, 2, 3, 0]]),
        (png((2, 1, 1, 3), b"\0\x40", chunk(b"PLTE", b"abcdef")), [[97, 98, 99], [100, 101, 102]]),
        (
            png((2, 1, 8, 3), b"\0\1\0", chunk(b"PLTE", b"abcdef"), chunk(b"tRNS", b"\x80")),
            [[100, 101, 102, 255], [97, 98, 99, 128]],
        ),
    ],
)
def test_odd_png(data: bytes, expected: list[object]) -> None:
    assert codes(data) == [expected]


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
    np.testing.assert_array_equal(codes(data), array)


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
    np.testing.assert_array_equal(codes(data), array)


def test_tiff_kinds_of_samples() -> None:
    white = tiff(DEEP[..., 0], photometric="miniswhite")
    np.testing.assert_array_equal(codes(white), 65535 - DEEP[..., 0])
    twelve = image.read(tiff(DEEP[..., 0] >> 4, photometric="minisblack", bitspersample=12))
    np.testing.assert_array_equal(twelve.rgb[..., 0], (DEEP[..., 0] >> 4) / np.float32(4095))
    halves = RNG.random((5, 6, 3)).astype(np.float32)
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
    assert codes(tiff(array, photometric="rgb", extrasamples=["assocalpha"])) == [
        [[250, 125, 0, 51], [0, 0, 0, 0]]
    ]
    assert picture.bits == 8


def test_tiff_extra_channels_and_pages_are_said_aloud() -> None:
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
    assert np.abs(np.array(codes(data)) - SMOOTH).mean() < 3


@pytest.mark.parametrize("maximum", [255, 1000, 65535])
@pytest.mark.parametrize("channels", [1, 3])
def test_netpbm(maximum: int, channels: int) -> None:
    array = DEEP[..., :channels].astype(int) % (maximum + 1)
    head = b"P%d\n# made by hand\n23 17\n%d\n" % (5 if channels == 1 else 6, maximum)
    picture = image.read(head + array.astype(">u2" if maximum > 255 else "u1").tobytes())
    np.testing.assert_array_equal(picture.rgb[..., :channels], (array / maximum).astype(np.float32))
    assert picture.bits == (8 if maximum == 255 else 16)


def test_avif_keeps_ten_bits() -> None:
    ramp = np.tile(np.arange(1024, dtype=np.uint16), (8, 1))
    data = imagecodecs.avif_encode(np.dstack([ramp] * 3), level=100, bitspersample=10)
    picture = image.read(bytes(data))
    assert picture.bits == 16
    assert len(np.unique(picture.rgb)) > 256
    np.testing.assert_allclose(picture.rgb[..., 1], ramp / 1023, atol=0.01)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "AVIF"])
def test_animations_are_said_aloud(kind: str) -> None:
    frames = [Image.new("RGB", (9, 8), colour) for colour in ("red", "lime", "blue")]
    picture = image.read(encoded(frames[0], kind, save_all=True, append_images=frames[1:]))
    assert picture.notes == ("animation: only frame 1 of 3 is used",)
    np.testing.assert_allclose(picture.rgb[4, 4], [1, 0, 0], atol=0.02)


def test_gif_with_transparency() -> None:
    source = Image.new("P", (3, 1), 1)
    source.putpalette([0, 0, 0, 10, 20, 30])
    source.putpixel((0, 0), 0)
    picture = image.read(encoded(source, "GIF", transparency=0))
    assert image.to_array(picture)[0, 1].tolist() == [10, 20, 30, 255]
    assert image.to_array(picture)[0, 0, 3] == 0


def transposed(orientation: int) -> Image.Image:
    """What a viewer shows for each orientation of the stored 160 x 120 picture, by Pillow."""
    way = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_270,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_90,
    }
    stored = Image.fromarray(SMOOTH)
    return stored.transpose(way[orientation]) if orientation in way else stored


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


def test_exif_of_its_own_chunk_comes_first() -> None:
    block, old = Image.Exif(), Image.Exif()
    block[0x13B], old[0x112] = "Ansel Adams", 6
    info = PngImagePlugin.PngInfo()
    info.add_text("Raw profile type exif", f"\nexif\n 9\n{old.tobytes().hex()}\n")
    picture = image.read(encoded(Image.fromarray(SMOOTH), "PNG", pnginfo=info, exif=block))
    assert picture.width == 160
    assert b"Ansel Adams" in (picture.exif or b"")


GRAY_PNG = (1, 1, 8, 0), b"\0\1"
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
    assert image.read(png(*GRAY_PNG, *parts)).notes == notes


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


@pytest.mark.parametrize(
    ("options", "lossless"),
    [
        ({"lossless": True}, True),
        ({"lossless": True, "icc_profile": SRGB}, True),
        ({"lossless": True, "save_all": True, "append_images": [Image.new("L", (160, 120))]}, True),
        ({}, False),
        ({"icc_profile": SRGB}, False),
    ],
)
@pytest.mark.parametrize("alpha", [0, 255])
def test_a_lossless_webp_is_known(options: dict[str, object], lossless: bool, alpha: int) -> None:
    source = Image.fromarray(SMOOTH)
    source.putalpha(Image.new("L", source.size, alpha))
    source.putpixel((0, 0), (1, 2, 3, 77))
    assert image.read(encoded(source, "WEBP", **options)).lossless is lossless


def test_orientation_of_xmp_is_applied_once() -> None:
    packet = b'<x:xmpmeta><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'
    picture = image.read(encoded(Image.fromarray(SMOOTH), "WEBP", lossless=True, xmp=packet))
    np.testing.assert_array_equal(picture.rgb * 255, np.asarray(transposed(6), np.float32))
    assert picture.xmp == packet.replace(b"6", b"1")


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "JPEG", "WEBP", "AVIF"])
def test_metadata_is_read(kind: str) -> None:
    block = Image.Exif()
    block[0x13B] = "Ansel Adams"
    block[0x11A] = block[0x11B] = 300.0
    block[0x128] = 2
    options: dict[str, object] = {"icc_profile": SRGB, "exif": block, "dpi": (300, 300)}
    if kind == "PNG":
        info = PngImagePlugin.PngInfo()
        info.add_text("Comment", "a view")
        info.add_itxt("Title", "Zürich 東京")
        info.add_text("Software", "another program")
        options["pnginfo"] = info
    picture = image.read(encoded(Image.fromarray(SMOOTH), kind, **options))
    assert picture.icc_profile == SRGB
    assert picture.dpi == pytest.approx((300, 300), abs=0.02)
    assert picture.notes == ()
    assert b"Ansel Adams\0" in (picture.exif or b"")
    if kind == "PNG":
        assert picture.text == (("Comment", "a view"), ("Title", "Zürich 東京"))


def test_no_resolution_is_invented() -> None:
    block = Image.Exif()
    block[0x13B] = "Ansel Adams"
    bare = encoded(Image.fromarray(SMOOTH), "JPEG", exif=block)
    assert image.read(bare).dpi is None


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


def ink_profile() -> bytes:
    """A CMYK profile that turns any ink into white paper but cyan, which it turns into black."""
    lab = np.zeros((2, 2, 2, 2, 3), np.uint8)
    lab[..., 0], lab[..., 1:] = 255, 128
    lab[1, ..., 0] = 0
    ramp = np.arange(256, dtype=np.uint8)
    matrix = struct.pack(">9i", *(np.eye(3, dtype=int).ravel() * 65536))
    table = b"mft1" + bytes(4) + bytes([4, 3, 2, 0]) + matrix
    table += ramp.tobytes() * 4 + lab.tobytes() + ramp.tobytes() * 3
    white = b"XYZ " + bytes(4) + struct.pack(">3i", 63190, 65536, 54061)
    text = b"text" + bytes(4) + b"free\0\0\0\0"
    tags, at, body = [], 128 + 4 + 12 * 4, b""
    for name, content in ((b"A2B0", table), (b"wtpt", white), (b"cprt", text), (b"desc", text)):
        content += bytes(-len(content) % 4)
        tags.append(struct.pack(">4sII", name, at + len(body), len(content)))
        body += content
    head = struct.pack(">I4sI4s4s4s", 0, b"test", 0x02400000, b"prtr", b"CMYK", b"Lab ")
    head += bytes(12) + b"acsp" + bytes(28) + struct.pack(">3i", 63190, 65536, 54061)
    whole = head.ljust(128, b"\0") + struct.pack(">I", 4) + b"".join(tags) + body
    return struct.pack(">I", len(whole)) + whole[4:]


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_cmyk(kind: str) -> None:
    inks = Image.new("CMYK", (16, 16), (255, 0, 0, 0))
    inks.paste((0, 0, 0, 255), (8, 0, 16, 16))
    plain = image.read(encoded(inks, kind))
    assert plain.notes == ("CMYK converted to sRGB without a profile: colours are approximate",)
    np.testing.assert_allclose(plain.rgb[8, [2, 13]], [[0, 1, 1], [0, 0, 0]], atol=0.03)
    through = image.read(encoded(inks, kind, icc_profile=ink_profile()))
    assert through.notes == ("CMYK converted to sRGB with its own profile",)
    assert through.icc_profile is None
    np.testing.assert_allclose(through.rgb[8, [2, 13]], [[0, 0, 0], [1, 1, 1]], atol=0.03)
    broken = image.read(encoded(inks, kind, icc_profile=ink_profile()[:140]))
    assert "its profile is damaged" in broken.notes[0]


def test_deep_cmyk_tiff() -> None:
    inks = np.zeros((4, 4, 4), np.uint16)
    inks[..., 0] = 65535
    picture = image.read(tiff(inks, photometric="separated"))
    np.testing.assert_array_equal(picture.rgb[0, 0], [0, 1, 1])


def test_sources(tmp_path: Path) -> None:
    data = encoded(Image.fromarray(NOISE), "PNG")
    path = tmp_path / "really a png.jpg"
    path.write_bytes(data)
    expected = codes(data)
    with path.open("rb") as file:
        for source in (path, str(path), data, io.BytesIO(data), file):
            assert image.to_array(image.read(source)).tolist() == expected


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "JPEG", "WEBP", "AVIF", "BMP", "GIF", "PPM"])
def test_one_pixel(kind: str) -> None:
    picture = image.read(encoded(Image.new("RGB", (1, 1), "white"), kind))
    np.testing.assert_allclose(picture.rgb, np.ones((1, 1, 3)), atol=0.01)


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "JPEG", "WEBP", "AVIF", "BMP", "GIF", "PPM"])
def test_size_is_checked_before_decoding(kind: str) -> None:
    data = encoded(Image.fromarray(SMOOTH), kind)
    half = data[: int(len(data) * (1 if kind in ("WEBP", "AVIF", "PNG", "TIFF") else 0.7))]
    words = r"at most 0.01 megapixels, got 120 x 160 = 0.0 megapixels|got 120 x 160 = 0.0; if you"
    with pytest.raises(image.PictureError, match=words):
        image.read(half, max_pixels=10_000)


RECORDS = iptc_record(80, b"Ansel Adams") + iptc_record(120, b"a view")
RESOURCES = b"8BIM\x04\x04\0\0" + struct.pack(">I", len(RECORDS)) + RECORDS + b"\0"


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


def test_comments_of_a_gif() -> None:
    picture = image.read(encoded(Image.new("L", (9, 8)), "GIF", comment=b"a view"))
    assert picture.text == (("Comment", "a view"),)


def test_descriptions_of_a_tiff() -> None:
    tags = [(269, "s", 0, "the document", True)]
    data = tiff(SMOOTH, photometric="rgb", description="a view", extratags=tags)
    found = Image.Exif()
    found.load(b"Exif\0\0" + (image.read(data).exif or b""))
    assert (found[0x10E], found[0x10D]) == ("a view", "the document")


def test_two_threads_decode_at_the_same_time(monkeypatch: pytest.MonkeyPatch) -> None:
    both = threading.Barrier(2, timeout=20)

    def meet(decoded: Decoded) -> image.Picture:
        both.wait()  # fails unless the other thread gets here as well
        return to_picture(decoded)

    monkeypatch.setattr("hatsr.image.reading.to_picture", meet)
    data = encoded(Image.fromarray(SMOOTH), "PNG")
    with ThreadPoolExecutor(2) as pool:
        widths = pool.map(lambda _: image.read(data).width, range(4))
        assert list(widths) == [160] * 4


def test_overlapping_reads_leave_warnings_and_logs_as_they_were() -> None:
    filters, log = list(warnings.filters), logging.getLogger("tifffile")
    first, second = reading._quiet(), reading._quiet()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    warnings.warn_explicit("unseen", UserWarning, "Image.py", 1, module="PIL.Image")
    with pytest.warns(UserWarning, match="seen"):
        warnings.warn_explicit("seen", UserWarning, "own.py", 1, module="own")
    second.__exit__(None, None, None)
    assert list(warnings.filters) == filters
    assert (log.filters, log.disabled) == ([], False)


def test_only_the_reading_thread_is_kept_from_the_log(caplog: pytest.LogCaptureFixture) -> None:
    log = logging.getLogger("tifffile")
    with reading._quiet():
        log.error("unheard")
        other = threading.Thread(target=log.error, args=("heard",))
        other.start()
        other.join()
    assert caplog.messages == ["heard"]


def test_filters_that_were_emptied_meanwhile() -> None:
    with warnings.catch_warnings(), reading._quiet():
        warnings.resetwarnings()


def test_a_large_picture_gives_no_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    for kind in ("PNG", "JPEG", "TIFF", "BMP", "PPM", "AVIF"):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert image.read(encoded(Image.fromarray(SMOOTH), kind)).width == 160


@pytest.mark.parametrize(
    ("open_it", "error"),
    [
        (lambda folder: folder / "missing.png", FileNotFoundError),
        (lambda folder: folder, IsADirectoryError),
    ],
)
def test_what_cannot_be_opened(
    tmp_path: Path, open_it: Callable[[Path], Path], error: type[OSError]
) -> None:
    with pytest.raises(error, match=str(open_it(tmp_path))):
        image.read(open_it(tmp_path))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read anything")
def test_no_permission(tmp_path: Path) -> None:
    path = tmp_path / "locked.png"
    path.write_bytes(b"")
    path.chmod(0)
    with pytest.raises(PermissionError, match=r"locked\.png"):
        image.read(path)


@pytest.mark.parametrize(
    ("content", "words"), [(b"", "file is empty"), (b"Dear diary, today", "got bytes b'Dear dia'")]
)
def test_not_a_picture(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "diary.png"
    path.write_bytes(content)
    with pytest.raises(image.PictureError, match=f"diary.png: .*{words}"):
        image.read(path)
