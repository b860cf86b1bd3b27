"""TIFF files written around the picture's EXIF block, which is a TIFF file without pixels."""

import struct
from typing import Literal

import imagecodecs
import numpy as np
from jaxtyping import UInt

from hatsr.image.metadata import exif as exif_block
from hatsr.image.metadata.tiff_directory import (
    BYTE,
    LONG,
    SHORT,
    UNDEFINED,
    Value,
    byte_order,
    first_directory,
    pack,
    values,
)
from hatsr.image.picture import Picture, to_array

ICC, XMP, IPTC = 34675, 700, 33723
"""Tags of metadata that EXIF blocks of other formats do not hold."""
_STRIP = 2**20
"""Bytes of pixels that are compressed at once."""
_LEVEL = 5
"""Compression level of libdeflate: a fifth of the work of zlib's level 6 for files as large, on
photographs enlarged four times (`benchmarks/png.py`)."""
Order = Literal["<", ">"]


def encode_tiff(
    picture: Picture, software: str | None, *, at: int = 0, order: Order | None = None
) -> bytes:
    """The bytes of a TIFF file in the picture's own depth and layout, compressed without loss.

    Args:
        picture: what to write.
        software: what made it.
        at: where these bytes will stand in a file of several pages.
        order: of that file's numbers; None: that of the picture's EXIF block.
    """
    head = exif_block.stamped(picture.exif, software) or exif_block.EMPTY
    if order is not None:
        head = exif_block.moved(head, order, at)
    head += bytes(len(head) % 2)
    order = byte_order(head)
    codes = np.atleast_3d(to_array(picture))
    rows = max(1, _STRIP // codes[0].nbytes)
    strips = [_compressed(codes[row : row + rows], order) for row in range(0, len(codes), rows)]
    sizes = [len(strip) for strip in strips]
    starts = (at + len(head) + np.cumsum([0, *sizes[:-1]])).tolist()
    entries = {
        tag: value
        for tag, value in values(head, first_directory(head)).items()
        if tag in exif_block.DESCRIPTIVE
    }
    entries |= _metadata(picture, order)
    entries |= _layout(codes, picture.alpha is not None, order)
    entries |= {273: _longs(starts, order), 278: _longs([rows], order), 279: _longs(sizes, order)}
    body = b"".join(strips)
    body += bytes(len(body) % 2)
    directory = at + len(head) + len(body)
    link = struct.pack(f"{order}I", directory)
    return head[:4] + link + head[8:] + body + pack(entries, order, directory)


def _compressed(codes: UInt[np.ndarray, "h w c"], order: Order) -> bytes:
    """A strip: differences to the left neighbour (predictor 2), then deflated."""
    differences = codes.copy()
    differences[:, 1:] -= codes[:, :-1]  # wraps around, as its inverse does
    ordered = differences.astype(codes.dtype.newbyteorder(order), copy=False)
    return bytes(imagecodecs.deflate_encode(ordered.tobytes(), level=_LEVEL))


def _layout(codes: UInt[np.ndarray, "h w c"], has_alpha: bool, order: Order) -> dict[int, Value]:
    """The entries that say how the pixels are stored."""
    from tifffile import COMPRESSION, EXTRASAMPLE, PHOTOMETRIC  # long to import: for TIFF alone

    height, width, channels = codes.shape
    gray = channels <= 2
    entries = {
        256: _longs([width], order),
        257: _longs([height], order),
        258: _shorts([8 * codes.itemsize] * channels, order),
        259: _shorts([COMPRESSION.ADOBE_DEFLATE], order),
        262: _shorts([PHOTOMETRIC.MINISBLACK if gray else PHOTOMETRIC.RGB], order),
        277: _shorts([channels], order),
        284: _shorts([1], order),
        317: _shorts([2], order),
    }
    return entries | ({338: _shorts([EXTRASAMPLE.UNASSALPHA], order)} if has_alpha else {})


def _metadata(picture: Picture, order: Order) -> dict[int, Value]:
    """The entries for resolution, colour profile, XMP and IPTC."""
    entries = exif_block.resolution_values(picture.dpi, order) if picture.dpi else {}
    if picture.icc_profile is not None:
        entries[ICC] = Value(UNDEFINED, len(picture.icc_profile), picture.icc_profile)
    if picture.xmp is not None:
        entries[XMP] = Value(BYTE, len(picture.xmp), picture.xmp)
    if picture.iptc is not None:
        entries[IPTC] = Value(UNDEFINED, len(picture.iptc), picture.iptc)
    return entries


def _shorts(numbers: list[int], order: Order) -> Value:
    return Value(SHORT, len(numbers), struct.pack(f"{order}{len(numbers)}H", *numbers))


def _longs(numbers: list[int], order: Order) -> Value:
    return Value(LONG, len(numbers), struct.pack(f"{order}{len(numbers)}I", *numbers))
