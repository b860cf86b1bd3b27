"""Files of pictures, made by Pillow, tifffile or by hand."""

import io
import struct
import zlib
from dataclasses import replace

import numpy as np
import tifffile
from PIL import Image, ImageCms

from hatsr import image

_RNG = np.random.default_rng(2)
NOISE = _RNG.integers(0, 256, (17, 23, 4)).astype(np.uint8)
DEEP = _RNG.integers(0, 65536, (17, 23, 4)).astype(np.uint16)
SMOOTH = np.asarray(Image.fromarray(NOISE[..., :3]).resize((160, 120), Image.Resampling.BICUBIC))
SMALL = Image.fromarray(
    np.random.default_rng(4).integers(0, 256, (9, 12, 3)).astype(np.uint8)
).resize((96, 72), 3)
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><a tiff:ImageWidth="23"/></x:xmpmeta>'
PNG_MAGIC = b"\x89PNG\r\n\x1a\n"


def encoded(picture: Image.Image, kind: str, **options: object) -> bytes:
    """A file as Pillow writes it."""
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def tiff(array: np.ndarray, **options: object) -> bytes:
    """A file as tifffile writes it."""
    file = io.BytesIO()
    tifffile.imwrite(file, array, metadata=None, **options)  # pyright: ignore[reportArgumentType]
    return file.getvalue()


def chunk(name: bytes, content: bytes, checksum: int | None = None) -> bytes:
    """A chunk of a PNG file, its checksum right unless given."""
    checksum = zlib.crc32(name + content) if checksum is None else checksum
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", checksum)


def png(
    header: tuple[int, int, int, int], rows: bytes, *extra: bytes, interlaced: bool = False
) -> bytes:
    """A PNG by hand: width, height, bits, colour type; rows with their filter bytes."""
    first = chunk(b"IHDR", struct.pack(">IIBBBBB", *header, 0, 0, interlaced))
    end = chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return PNG_MAGIC + first + b"".join(extra) + end


def gray_png(*extra: bytes) -> bytes:
    """A PNG of one gray pixel with further chunks."""
    return png((1, 1, 8, 0), b"\0\1", *extra)


def iptc_record(number: int, text: bytes) -> bytes:
    """One field of the application record of IPTC."""
    return struct.pack(">BBBH", 0x1C, 2, number, len(text)) + text


RECORDS = iptc_record(80, b"Ansel Adams") + iptc_record(120, b"a view")
RESOURCES = b"8BIM\x04\x04\0\0" + struct.pack(">I", len(RECORDS)) + RECORDS + b"\0"
"""The same as Photoshop keeps it."""


def codes_of(data: bytes) -> list[object]:
    """The codes that are read from a file."""
    return image.to_array(image.read(data)).tolist()


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


def annotated() -> image.Picture:
    """A picture with every kind of metadata."""
    block = Image.Exif()
    block[0x13B] = "Ansel Adams"
    block[0x112] = 1
    block[0x11A] = block[0x11B] = 100.0
    block[0x128] = 2
    block[0x100], block[0x101] = 23, 17
    return replace(
        image.from_array(NOISE[..., :3]),
        icc_profile=SRGB,
        exif=block.tobytes().removeprefix(b"Exif\0\0"),
        xmp=XMP,
        dpi=(100.0, 100.0),
        text=(("Comment", "a view"), ("Title", "東京")),
    )


def waves() -> np.ndarray:
    h, w = np.mgrid[:40, :48]
    return (128 + 60 * np.sin(h / 5 + w / 9)[..., None] * (1, 0.7, 0.9)).astype(np.uint8)


def with_noise(sigma: float) -> np.ndarray:
    noise = np.random.default_rng(0).normal(0, sigma, (40, 48, 3))
    return (waves() + noise).clip(0, 255).astype(np.uint8)
