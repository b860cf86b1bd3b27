"""TIFF: pixels of every depth through tifffile; files written around the picture's EXIF block."""

from __future__ import annotations

import io
import struct
from dataclasses import replace
from typing import Literal

import imagecodecs
import numpy as np
import tifffile
from jaxtyping import Bool, Float32, Num, UInt, UInt8
from PIL import Image, TiffImagePlugin
from tifffile import COMPRESSION, EXTRASAMPLE, PHOTOMETRIC, TiffPage

from hatsr.image.codecs.decoded import Decoded, check_size
from hatsr.image.codecs.pillow import decode, integer_codes, to_srgb
from hatsr.image.errors import PictureError
from hatsr.image.metadata import exif as exif_block
from hatsr.image.metadata.iptc import from_resources
from hatsr.image.metadata.tiff_directory import (
    BYTE,
    LONG,
    SHORT,
    SIZES,
    UNDEFINED,
    Value,
    byte_order,
    first_directory,
    pack,
    values,
)
from hatsr.image.picture import Picture, from_codes, to_array, to_codes, unit_floats

COLOURS = {
    PHOTOMETRIC.MINISWHITE: 1,
    PHOTOMETRIC.MINISBLACK: 1,
    PHOTOMETRIC.PALETTE: 1,
    PHOTOMETRIC.RGB: 3,
    PHOTOMETRIC.YCBCR: 3,
    PHOTOMETRIC.SEPARATED: 4,
}
"""Samples of a pixel that are colour; those after them are opacity or unknown."""
STRIP = 2**20
"""Bytes of pixels that are compressed at once."""
DNG_VERSION, ICC, XMP = 0xC612, 34675, 700
IPTC, PHOTOSHOP_RESOURCES = 33723, 34377
POINTERS = {exif_block.DETAIL, exif_block.GPS}
"""Tags that lead to directories of their own."""
REDUCED = 1
Order = Literal["<", ">"]
BROKEN = "get the file again, or save it again in the program that made it"


def read_tiff(data: bytes, max_pixels: int) -> Decoded:
    """Codes and metadata of the first page of a TIFF file."""
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        page = file.pages.first
        if not isinstance(page, TiffPage):
            raise PictureError(f"first page of the TIFF is unreadable; {BROKEN}")
        _check(page, len(data), max_pixels)
        decoded = _decoded(page) if _is_direct(page) else _through_pillow(data)
        pages = len(file.pages)
    more = (f"page 1 of {pages} is used",) if pages > 1 else ()
    if file.is_bigtiff and any(tag.code in POINTERS for tag in page.tags):
        more = (*more, "camera settings and position in a BigTIFF are left out")
    try:
        exif = _packed_big(page, data) if file.is_bigtiff else exif_block.packed(data)
    except (ValueError, struct.error):
        exif, more = None, (*more, "EXIF is damaged: left out")
    return replace(decoded, exif=exif, iptc=_iptc(page, data), notes=(*more, *decoded.notes))


def encode_tiff(picture: Picture, exif: bytes | None) -> bytes:
    """The bytes of a TIFF file in the picture's own depth and layout, compressed without loss.

    An EXIF block is a TIFF file without pixels: here it gets some.
    """
    head = exif or exif_block.EMPTY
    head += bytes(len(head) % 2)
    order = byte_order(head)
    codes = np.atleast_3d(to_array(picture))
    rows = max(1, STRIP // codes[0].nbytes)
    strips = [_compressed(codes[row : row + rows], order) for row in range(0, len(codes), rows)]
    sizes = [len(strip) for strip in strips]
    starts = (len(head) + np.cumsum([0, *sizes[:-1]])).tolist()
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
    at = len(head) + len(body)
    return head[:4] + struct.pack(f"{order}I", at) + head[8:] + body + pack(entries, order, at)


def _iptc(page: TiffPage, data: bytes) -> bytes | None:
    """The IPTC records, from the tag of their own or from Photoshop's."""
    for code in (IPTC, PHOTOSHOP_RESOURCES):
        tag = page.tags.get(code)
        if tag is not None:
            raw = data[tag.valueoffset : tag.valueoffset + tag.valuebytecount]
            swapped = tag.dtype == LONG and page.parent.byteorder == "<" and raw[3:4] == b"\x1c"
            found = from_resources(_reversed(raw) if swapped else raw)
            if found is not None:
                return found
    return None


def _reversed(raw: bytes) -> bytes:
    """Bytes that some programs wrote as numbers of four bytes, in the other order."""
    return np.frombuffer(raw[: len(raw) // 4 * 4], "<u4").astype(">u4").tobytes()


def _packed_big(page: TiffPage, data: bytes) -> bytes | None:
    """What a BigTIFF page says about its picture, as an EXIF block; not the directories below it.

    Raises:
        ValueError: values that overlap.
    """
    tags = [
        tag
        for tag in page.tags
        if tag.code in exif_block.DESCRIPTIVE - POINTERS and tag.dtype in SIZES
    ]
    if sum(tag.valuebytecount for tag in tags) > len(data):
        raise ValueError("values of a directory must not overlap, got more bytes than the file")
    entries = {}
    for tag in tags:
        raw = data[tag.valueoffset : tag.valueoffset + tag.valuebytecount]
        if len(raw) == tag.valuebytecount:
            entries[tag.code] = Value(tag.dtype, tag.count, raw)
    return exif_block.packed_entries(entries, page.parent.byteorder)


def _check(page: TiffPage, length: int, max_pixels: int) -> None:
    """Refuse by the header what cannot be decoded rightly, before anything is decoded."""
    check_size(page.imagelength, page.imagewidth, max_pixels)
    if page.is_tiled:
        check_size(page.tilelength, page.tilewidth, max_pixels)
    if page.subfiletype & REDUCED or DNG_VERSION in page.tags:
        raise PictureError("TIFF holds a camera's raw picture behind a preview; develop it first")
    if page.imagedepth != 1 or page.samplesperpixel > 8 or page.axes not in ("YX", "YXS", "SYX"):
        raise PictureError(
            f"TIFF must be one flat picture of up to 8 channels, got axes {page.axes} and "
            f"{page.samplesperpixel} channels; save it as RGB"
        )
    ends = [at + size for at, size in zip(page.dataoffsets, page.databytecounts, strict=True)]
    if not ends or max(ends) > length or min(page.databytecounts) < 1:
        raise PictureError(f"TIFF is cut short: pixels lie beyond its end; {BROKEN}")


def _is_direct(page: TiffPage) -> bool:
    """Whether tifffile gives pixels that need no knowledge of a colour space but RGB and inks."""
    if page.photometric == PHOTOMETRIC.YCBCR:
        return page.compression == COMPRESSION.JPEG
    return page.photometric in COLOURS and page.compression != COMPRESSION.OJPEG


def _through_pillow(data: bytes) -> Decoded:
    """A colour space that only Pillow converts: Lab and subsampled YCbCr, 8 bits."""
    image = TiffImagePlugin.TiffImageFile(io.BytesIO(data))
    image.load()
    return replace(decode(image), dpi=None)


def _decoded(page: TiffPage) -> Decoded:
    """Codes of a page, and its metadata but EXIF."""
    stored = page.asarray()
    stored = np.moveaxis(stored, 0, 2) if page.axes == "SYX" else np.atleast_3d(stored)
    codes, top = _codes(stored, page)
    profile = _tag(page, ICC)
    colours = COLOURS[PHOTOMETRIC(page.photometric)]
    colour, extra = codes[..., :colours], codes[..., colours:]
    notes = []
    if page.photometric == PHOTOMETRIC.SEPARATED:
        inks = to_codes(from_codes(colour, top), 8)
        image = Image.frombytes("CMYK", (page.imagewidth, page.imagelength), inks.tobytes())
        colour, note = to_srgb(image, profile)
        extra, profile, top = to_codes(from_codes(extra, top), 8), None, 255
        notes.append(note)
    elif page.photometric == PHOTOMETRIC.PALETTE:
        colour, extra, top = _palette(page)[colour[..., 0]], extra[..., :0], 255
    elif page.photometric == PHOTOMETRIC.MINISWHITE:
        colour = (top - colour).astype(colour.dtype)
    kind = _opacity(page, extra.shape[2])
    if extra.shape[2] > (kind is not None):
        notes.append("extra channels of unknown meaning are left out")
    if kind == EXTRASAMPLE.ASSOCALPHA:
        colour, extra, top = _divided(colour, extra[..., :1]), from_codes(extra, top), 1
    return Decoded(
        codes=colour if kind is None else np.concatenate([colour, extra[..., :1]], axis=2),
        top=top,
        bits=8 if page.bitspersample <= 8 else 16,
        icc_profile=profile,
        xmp=_tag(page, XMP),
        notes=tuple(notes),
    )


def _codes(
    stored: Num[np.ndarray, "h w c"] | Bool[np.ndarray, "h w c"], page: TiffPage
) -> tuple[Num[np.ndarray, "h w c"], int | float]:
    """Samples as codes, and the code that stands for 1.

    Raises:
        PictureError: floats outside [0, 1], wide integers outside 0 ... 65535, other types.
    """
    kind, size = stored.dtype.kind, stored.dtype.itemsize
    if kind == "b" or (kind == "u" and size <= 2):
        return stored.astype(f"u{size}"), 2**page.bitspersample - 1
    if kind == "f":
        return unit_floats(stored), 1
    if kind in "iu" and size >= 2:
        return integer_codes(stored), 65535
    raise PictureError(f"TIFF samples must be codes or floats, got {stored.dtype}; convert them")


def _palette(page: TiffPage) -> UInt8[np.ndarray, "colours 3"]:
    """The colours of a palette page, 8 bits each."""
    palette = page.colormap
    if palette is None or palette.shape != (3, 2**page.bitspersample):
        raise PictureError(f"TIFF palette does not fit {page.bitspersample} bits; {BROKEN}")
    return (palette >> 8 if palette.max() > 255 else palette).astype(np.uint8).T


def _opacity(page: TiffPage, extra: int) -> EXTRASAMPLE | None:
    """What the first of the extra samples is; None when it is not opacity.

    One unspecified sample beside gray is opacity, as array programs write it; beside RGB it is
    as often a stored selection, and left out.
    """
    if extra == 0:
        return None
    kind = page.extrasamples[0] if page.extrasamples else EXTRASAMPLE.UNASSALPHA
    if kind == EXTRASAMPLE.UNSPECIFIED:
        return EXTRASAMPLE.UNASSALPHA if page.samplesperpixel == 2 else None
    return EXTRASAMPLE(kind)


def _divided(
    colour: Num[np.ndarray, "h w c"], alpha: Num[np.ndarray, "h w 1"]
) -> Float32[np.ndarray, "h w c"]:
    """Colour in [0, 1] that was stored multiplied by alpha."""
    over, under = colour.astype(np.float32), alpha.astype(np.float32)
    return np.minimum(np.divide(over, under, out=np.zeros_like(over), where=under > 0), 1)


def _tag(page: TiffPage, tag: int) -> bytes | None:
    """The bytes of a tag."""
    value = page.tags[tag].value if tag in page.tags else None
    return value if isinstance(value, bytes) else None


def _compressed(codes: UInt[np.ndarray, "rows w c"], order: Order) -> bytes:
    """A strip: differences to the left neighbour (predictor 2), then zlib."""
    differences = codes.copy()
    differences[:, 1:] -= codes[:, :-1]  # wraps around, as its inverse does
    ordered = differences.astype(codes.dtype.newbyteorder(order), copy=False)
    return bytes(imagecodecs.zlib_encode(ordered.tobytes(), level=6))


def _layout(codes: UInt[np.ndarray, "h w c"], has_alpha: bool, order: Order) -> dict[int, Value]:
    """The entries that say how the pixels are stored."""
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
