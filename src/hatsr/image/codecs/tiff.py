"""TIFF: pixels of every depth through tifffile."""

import io
import struct
from dataclasses import replace

import numpy as np
import tifffile
from jaxtyping import Bool, Float32, Num, UInt8
from PIL import Image, TiffImagePlugin
from tifffile import COMPRESSION, EXTRASAMPLE, PHOTOMETRIC, TiffPage

from hatsr.image.codecs.decoded import Decoded, check_size
from hatsr.image.codecs.pillow import decode
from hatsr.image.codecs.pillow_codes import integer_codes, to_srgb
from hatsr.image.codecs.tiff_writing import ICC, IPTC, XMP
from hatsr.image.codes import from_codes, to_codes, unit_floats
from hatsr.image.errors import PictureError
from hatsr.image.metadata import exif as exif_block
from hatsr.image.metadata.iptc import from_resources
from hatsr.image.metadata.tiff_directory import (
    LONG,
    SIZES,
    Value,
)

_COLOURS = {
    PHOTOMETRIC.MINISWHITE: 1,
    PHOTOMETRIC.MINISBLACK: 1,
    PHOTOMETRIC.PALETTE: 1,
    PHOTOMETRIC.RGB: 3,
    PHOTOMETRIC.YCBCR: 3,
    PHOTOMETRIC.SEPARATED: 4,
}
"""Samples of a pixel that are colour; those after them are opacity or unknown."""
_DNG_VERSION, _PHOTOSHOP = 0xC612, 34377
"""Tags of a camera's raw picture, and of Photoshop's resources."""
_POINTERS = {exif_block.DETAIL, exif_block.GPS}
"""Tags that lead to directories of their own."""
_REDUCED, _MASK = 1, 4
_BROKEN = "get the file again, or save it again in the program that made it"


def read_tiff(data: bytes, max_pixels: int, number: int = 0) -> Decoded:
    """Codes and metadata of a page of a TIFF file, the first one unless told otherwise."""
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        page = file.pages[number]
        if not isinstance(page, TiffPage):
            raise PictureError(f"page {number + 1} of the TIFF is unreadable; {_BROKEN}")
        _check(page, len(data), max_pixels)
        decoded = _decoded(page) if _is_direct(page) else _through_pillow(data, number)
        pages = len(file.pages)
    more = (f"page {number + 1} of {pages} is used",) if pages > 1 else ()
    if file.is_bigtiff and any(tag.code in _POINTERS for tag in page.tags):
        more = (*more, "camera settings and position in a BigTIFF are left out")
    try:
        exif = _packed_big(page, data) if file.is_bigtiff else exif_block.packed(data, page.offset)
    except (ValueError, struct.error):
        exif, more = None, (*more, "EXIF is damaged: left out")
    return replace(decoded, exif=exif, iptc=_iptc(page, data), notes=(*more, *decoded.notes))


def count_pages(data: bytes) -> int:
    """How many pages a TIFF file has; 1 where that cannot be told."""
    try:
        with tifffile.TiffFile(io.BytesIO(data)) as file:
            return len(file.pages)
    except (tifffile.TiffFileError, ValueError, struct.error, IndexError):
        return 1


def page_numbers(data: bytes) -> tuple[list[int], int]:
    """Which pages of a TIFF file are pictures of their own, and how many are not.

    The first one always is; others may be previews, or masks, of one before.
    """
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        kinds = [page.subfiletype if isinstance(page, TiffPage) else 0 for page in file.pages]
    numbers = [n for n, kind in enumerate(kinds) if n == 0 or not kind & (_REDUCED | _MASK)]
    return numbers, len(kinds) - len(numbers)


def _iptc(page: TiffPage, data: bytes) -> bytes | None:
    """The IPTC records, from the tag of their own or from Photoshop's."""
    for code in (IPTC, _PHOTOSHOP):
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
        if tag.code in exif_block.DESCRIPTIVE - _POINTERS and tag.dtype in SIZES
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
    if page.subfiletype & _REDUCED or _DNG_VERSION in page.tags:
        raise PictureError("TIFF holds a camera's raw picture behind a preview; develop it first")
    if page.imagedepth != 1 or page.samplesperpixel > 8 or page.axes not in ("YX", "YXS", "SYX"):
        raise PictureError(
            f"TIFF must be one flat picture of up to 8 channels, got axes {page.axes} and "
            f"{page.samplesperpixel} channels; save it as RGB"
        )
    ends = [at + size for at, size in zip(page.dataoffsets, page.databytecounts, strict=True)]
    if not ends or max(ends) > length or min(page.databytecounts) < 1:
        raise PictureError(f"TIFF is cut short: pixels lie beyond its end; {_BROKEN}")


def _is_direct(page: TiffPage) -> bool:
    """Whether tifffile gives pixels that need no knowledge of a colour space but RGB and inks."""
    if page.photometric == PHOTOMETRIC.YCBCR:
        return page.compression == COMPRESSION.JPEG
    return page.photometric in _COLOURS and page.compression != COMPRESSION.OJPEG


def _through_pillow(data: bytes, number: int) -> Decoded:
    """A colour space that only Pillow converts: Lab and subsampled YCbCr, 8 bits."""
    image = TiffImagePlugin.TiffImageFile(io.BytesIO(data))
    image.seek(number)
    image.load()
    return replace(decode(image), dpi=None)


def _decoded(page: TiffPage) -> Decoded:
    """Codes of a page, and its metadata but EXIF."""
    stored = page.asarray()
    stored = np.moveaxis(stored, 0, 2) if page.axes == "SYX" else np.atleast_3d(stored)
    codes, top = _codes(stored, page)
    profile = _tag(page, ICC)
    colours = _COLOURS[PHOTOMETRIC(page.photometric)]
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


def _palette(page: TiffPage) -> UInt8[np.ndarray, "n 3"]:
    """The colours of a palette page, 8 bits each."""
    palette = page.colormap
    if palette is None or palette.shape != (3, 2**page.bitspersample):
        raise PictureError(f"TIFF palette does not fit {page.bitspersample} bits; {_BROKEN}")
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
