"""Files of pictures, made by Pillow, tifffile or by hand."""

import io
import struct
import zlib

import numpy as np
import tifffile
from PIL import Image

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
