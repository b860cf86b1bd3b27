"""The pixels of a PNG file, of every depth and order: chunks <-> codes."""

import struct
import zlib
from collections.abc import Iterator

import imagecodecs
import numpy as np
from jaxtyping import UInt

from hatsr.image.bitstreams.png_chunks import MAGIC, chunk
from hatsr.image.errors import PictureError

_PASSES = (
    *((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4)),
    *((2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)),
)
"""First row and column, and steps down and across, of each pass of an interlaced file (Adam7)."""
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
"""Stored channels of each colour type."""
_COLOURS = {1: 0, 2: 4, 3: 2, 4: 6}
"""Colour type of so many channels of codes."""
_TABLES = {0: (b"tRNS",), 2: (b"tRNS",), 3: (b"PLTE", b"tRNS")}
"""Chunks that change the pixels of each colour type; libpng remarks on others on stderr."""

_UP = 2
"""Filter of each row: differences to the row above. To choose a filter for each row takes 1.4 times
as long, for files that are not smaller."""
_LEVEL = 2
"""Compression level of libdeflate: 0.4 times the work of libpng with level 4 of zlib for files 1 to
2 % smaller, on photographs enlarged four times and on graphics (`benchmarks/png.py`)."""
_LARGEST_CHUNK = 2**30
"""Bytes of pixels in a chunk; the specification allows less than twice as many."""


def encode_pixels(codes: UInt[np.ndarray, "h w *c"]) -> list[bytes]:
    """The chunks IHDR and IDAT: the inverse of `decode_pixels`.

    Args:
        codes: gray, gray and opacity, RGB, or RGB and opacity, of 8 or 16 bits.
    """
    height, width = codes.shape[:2]
    colour = _COLOURS[1 if codes.ndim == 2 else codes.shape[2]]
    layout = struct.pack(">IIBBBBB", width, height, 8 * codes.itemsize, colour, 0, 0, 0)
    packed = memoryview(imagecodecs.deflate_encode(_filtered(codes), level=_LEVEL))
    starts = range(0, len(packed), _LARGEST_CHUNK)
    pixels = (bytes(packed[start : start + _LARGEST_CHUNK]) for start in starts)
    return [chunk(b"IHDR", layout), *(chunk(b"IDAT", part) for part in pixels)]


def _filtered(codes: UInt[np.ndarray, "h w *c"]) -> bytearray:
    """Each row as its filter and the differences of its bytes to those of the row above."""
    rows = codes.astype(codes.dtype.newbyteorder(">"), copy=False)
    rows = np.ascontiguousarray(rows).reshape(len(codes), -1).view(np.uint8)
    data = bytearray(rows.size + len(rows))
    filtered = np.frombuffer(data, np.uint8).reshape(len(rows), -1)
    filtered[:, 0] = _UP
    filtered[0, 1:] = rows[0]
    np.subtract(rows[1:], rows[:-1], out=filtered[1:, 1:])  # wraps around, as its inverse does
    return data


def decode_pixels(parts: list[tuple[bytes, bytes]]) -> UInt[np.ndarray, "h w c"]:
    """The codes: one to four channels of 8 or 16 bits, palette and transparent colour applied.

    Args:
        parts: Name and whole bytes of each chunk; the first is the header.

    Raises:
        PictureError: fewer pixels than the header says, or a colour type that there is not.
    """
    header = parts[0][1][8:-4]
    width, height, depth, colour, *_, interlaced = struct.unpack(">IIBBBBB", header)
    if colour not in _CHANNELS:
        raise PictureError(f"PNG colour type must be 0, 2, 3, 4 or 6, got {colour}; it is damaged")
    tables = b"".join(part for name, part in parts if name in _TABLES.get(colour, ()))
    packed = b"".join(part[8:-4] for name, part in parts if name == b"IDAT")
    if interlaced != 1:
        return _decoded(header, tables, packed)
    codes = np.empty(0)
    for place, size, part in _passes((height, width), depth * _CHANNELS[colour], packed):
        small = _decoded(struct.pack(">II", *size) + header[8:12] + b"\0", tables, part)
        if not codes.size:
            codes = np.empty((height, width, small.shape[2]), small.dtype)
        codes[place] = small
    return codes


def _passes(
    size: tuple[int, int], bits: int, packed: bytes
) -> Iterator[tuple[tuple[slice, slice], tuple[int, int], bytes]]:
    """Of each pass with pixels: which rows and columns, how many columns and rows, packed pixels.

    libpng could put the passes together itself, but remarks on it on stderr.
    """
    stream = zlib.decompressobj()
    for row, column, down, across in _PASSES:
        place = slice(row, size[0], down), slice(column, size[1], across)
        rows, columns = (
            len(range(*part.indices(side))) for part, side in zip(place, size, strict=True)
        )
        if not (rows and columns):
            continue
        length = rows * (1 + -(-columns * bits // 8))  # each row begins with its filter
        pixels = stream.decompress(packed, length)
        if len(pixels) < length:
            raise PictureError("PNG is cut short: Not enough image data; get the whole file again")
        packed = stream.unconsumed_tail
        yield place, (columns, rows), zlib.compress(pixels, 1)


def _decoded(header: bytes, tables: bytes, packed: bytes) -> UInt[np.ndarray, "h w c"]:
    """The codes of a picture that is not interlaced, by libpng."""
    data = [MAGIC, chunk(b"IHDR", header), tables, chunk(b"IDAT", packed), chunk(b"IEND", b"")]
    codes = imagecodecs.png_decode(b"".join(data))
    return codes.reshape(*codes.shape[:2], -1)
