"""EXIF blocks, changed only where the pixels changed.

Numbers are changed in place and a longer directory is appended, so everything else, maker notes
included, stays byte for byte where it was.
"""

import struct
from fractions import Fraction
from typing import Literal

from hatsr.image.metadata.tiff_directory import (
    LONG,
    RATIONAL,
    SHORT,
    Place,
    Value,
    byte_order,
    first_directory,
    fraction,
    in_order,
    integer,
    pack,
    places,
    put_fraction,
    put_integer,
    swap_values,
    text_value,
    values,
)

_WIDTH, _HEIGHT, _DESCRIPTION = 0x100, 0x101, 0x10E
_ORIENTATION, _X_RESOLUTION, _Y_RESOLUTION, _RESOLUTION_UNIT = 0x112, 0x11A, 0x11B, 0x128
SOFTWARE, DETAIL, GPS, _INTEROPERABILITY = 0x131, 0x8769, 0x8825, 0xA005
_PIXEL_WIDTH, _PIXEL_HEIGHT = 0xA002, 0xA003
_RESOLUTION = _X_RESOLUTION, _Y_RESOLUTION
_SENSOR_RESOLUTION = 0xA20E, 0xA20F
"""Pixels per unit across and down in the plane of the sensor (FocalPlaneXResolution, ...Y...)."""
_THUMBNAIL_OFFSET, _THUMBNAIL_LENGTH = 0x201, 0x202
DESCRIPTIVE = frozenset(
    {
        *(_DESCRIPTION, _ORIENTATION, _X_RESOLUTION, _Y_RESOLUTION, _RESOLUTION_UNIT, SOFTWARE),
        *(0x10D, 0x10F, 0x110, 0x11D, 0x132),  # document, make, model, page, date
        *(0x13B, 0x13C),  # artist, host computer
        *(0x4746, 0x4749, 0x8298),  # rating, rating in percent, copyright
        *(0x9C9B, 0x9C9C, 0x9C9D, 0x9C9E, 0x9C9F),  # Windows title, comment, author, keys, subject
        *(DETAIL, GPS),
    }
)
"""Tags of a TIFF file's first directory that describe the picture instead of its storage."""
_MAGIC: dict[Literal["<", ">"], bytes] = {"<": b"II*\0", ">": b"MM\0*"}
"""With what a block of each byte order begins."""
EMPTY = b"II*\0\x08\0\0\0" + bytes(6)
"""A block of one directory without entries."""


def usable(block: bytes) -> bool:
    """Whether the block's directories can be read to their ends."""
    try:
        first, _ = _directories(block)
        if GPS in first:
            places(block, integer(block, first[GPS]))
    except (ValueError, struct.error):
        return False
    return True


def orientation(block: bytes) -> int:
    """How the stored pixels are to be turned, 1 to 8; 0 when the block does not say."""
    place = places(block, first_directory(block)).get(_ORIENTATION)
    number = 0 if place is None else integer(block, place)
    return number if 1 <= number <= 8 else 0


def resolution(block: bytes) -> tuple[float, float] | None:
    """Pixels per inch across and down, if the block says."""
    found = places(block, first_directory(block))
    unit = found.get(_RESOLUTION_UNIT)
    factor = {2: 1.0, 3: 2.54}.get(2 if unit is None else integer(block, unit))
    if factor is None or not {_X_RESOLUTION, _Y_RESOLUTION} <= found.keys():
        return None
    across, down = (fraction(block, found[tag]) for tag in (_X_RESOLUTION, _Y_RESOLUTION))
    return (float(across) * factor, float(down) * factor) if across and down else None


def upright(block: bytes, height: int, width: int, *, exchanged: bool = False) -> bytes:
    """The block of a picture whose pixels have been turned: orientation 1, no thumbnail.

    Args:
        block: The block of the picture as stored.
        height: Height of the picture as displayed, in pixels.
        width: Its width.
        exchanged: Whether rows have become columns; the resolutions across and down then change
            places.
    """
    first, detail = _directories(block)
    changed = bytearray(block)
    if _ORIENTATION in first:
        put_integer(changed, first[_ORIENTATION], SHORT, 1)
    for found, pair in ((first, _RESOLUTION), (detail, _SENSOR_RESOLUTION)):
        if exchanged and set(pair) <= found.keys():
            swap_values(changed, found[pair[0]], found[pair[1]])
    return resized(_without_thumbnail(bytes(changed)), height, width, 1)


def resized(block: bytes, height: int, width: int, scale: int | float) -> bytes:
    """The block with the picture's size in pixels, and ``scale`` times its resolution.

    Only where it has them already.
    """
    first, detail = _directories(block)
    changed = bytearray(block)
    for found, tag, number in (
        (first, _WIDTH, width),
        (first, _HEIGHT, height),
        (detail, _PIXEL_WIDTH, width),
        (detail, _PIXEL_HEIGHT, height),
    ):
        if tag in found:
            put_integer(changed, found[tag], LONG, number)
    scaled = [first[tag] for tag in _RESOLUTION if tag in first]
    scaled += [detail[tag] for tag in _SENSOR_RESOLUTION if tag in detail]
    for place in scaled:
        old = fraction(block, place)
        new = old and old * Fraction(scale).limit_denominator(1000)
        if new and max(new.numerator, new.denominator) < 2**32:
            put_fraction(changed, place, new)
    return bytes(changed)


def stamped(
    block: bytes | None, software: str | None, dpi: tuple[float, float] | None = None
) -> bytes | None:
    """The block, or a new one, naming the program that made the picture, and without orientation.

    To every reader an absent orientation means upright, and no writer can apply it again. ``dpi``
    is added where the block gives no resolution. None when there is nothing to say.
    """
    if block is None and software is None and dpi is None:
        return None
    block = EMPTY if block is None else block + b"\0" * (len(block) % 2)
    entries = values(block, first_directory(block))
    entries.pop(_ORIENTATION, None)
    if software is not None:
        entries[SOFTWARE] = text_value(software)
    if dpi is not None and _X_RESOLUTION not in entries:
        entries |= resolution_values(dpi, byte_order(block))
    return _with_first_directory(block, entries)


def packed(tiff: bytes, directory: int | None = None) -> bytes | None:
    """What a TIFF file says about a page (not its storage) as an EXIF block of its own.

    Args:
        tiff: the whole file.
        directory: where the page's directory begins; None: that of the first page.

    Raises:
        ValueError, struct.error: a damaged directory.
    """
    at = first_directory(tiff) if directory is None else directory
    kept = _descriptive(values(tiff, at))
    return _packed(tiff, kept, byte_order(tiff), 0) if kept else None


def moved(block: bytes, order: Literal["<", ">"], at: int) -> bytes:
    """The block for a place within a file: the directories below the first count from its start.

    Args:
        block: with a first directory that is read where the block itself begins.
        order: of the file's numbers.
        at: where in the file the block will begin.
    """
    old = byte_order(block)
    kept = _descriptive(values(block, first_directory(block)))
    return _packed(block, {tag: in_order(v, old, order) for tag, v in kept.items()}, order, at)


def _packed(source: bytes, kept: dict[int, Value], order: Literal["<", ">"], at: int) -> bytes:
    """A block of these entries, and of the directories of the source to which they lead."""
    old = byte_order(source)
    block = _MAGIC[order] + bytes(4)
    for tag in sorted({DETAIL, GPS} & kept.keys()):
        below = values(source, struct.unpack(f"{order}I", kept[tag].raw[:4])[0])
        below.pop(_INTEROPERABILITY, None)
        kept[tag] = Value(LONG, 1, struct.pack(f"{order}I", at + len(block)))
        entries = {key: in_order(value, old, order) for key, value in below.items()}
        block += pack(entries, order, at + len(block))
    return _with_first_directory(block, kept)


def packed_entries(entries: dict[int, Value], order: Literal["<", ">"]) -> bytes | None:
    """As :func:`packed`, of entries none of which leads to another directory."""
    kept = _descriptive(entries)
    return _with_first_directory(_MAGIC[order] + bytes(4), kept) if kept else None


def resolution_values(dpi: tuple[float, float], order: str) -> dict[int, Value]:
    """The entries that give pixels per inch across and down."""
    ratios = [Fraction(number).limit_denominator(1000).as_integer_ratio() for number in dpi]
    across, down = (Value(RATIONAL, 1, struct.pack(f"{order}II", *ratio)) for ratio in ratios)
    inch = Value(SHORT, 1, struct.pack(f"{order}H", 2))
    return {_X_RESOLUTION: across, _Y_RESOLUTION: down, _RESOLUTION_UNIT: inch}


def _descriptive(entries: dict[int, Value]) -> dict[int, Value]:
    """Those of a TIFF file's entries that describe the picture, not its storage."""
    return {
        tag: value
        for tag, value in entries.items()
        if tag in DESCRIPTIVE and not (tag == _DESCRIPTION and _machine_text(value))
    }


def _with_first_directory(block: bytes, entries: dict[int, Value]) -> bytes:
    """The block with another first directory, appended."""
    order = byte_order(block)
    head = block[:4] + struct.pack(f"{order}I", len(block))
    return head + block[8:] + pack(entries, order, len(block))


def _directories(block: bytes) -> tuple[dict[int, Place], dict[int, Place]]:
    """The first directory and the one of photographic detail below it."""
    first = places(block, first_directory(block))
    detail = places(block, integer(block, first[DETAIL])) if DETAIL in first else {}
    return first, detail


def _without_thumbnail(block: bytes) -> bytes:
    """The block without its second directory; the thumbnail's bytes are cut off, or zeroed."""
    order, first = byte_order(block), first_directory(block)
    link = first + 2 + 12 * struct.unpack_from(f"{order}H", block, first)[0]
    second = block[link : link + 4]
    if len(second) < 4 or second == bytes(4):
        return block
    unlinked = block[:link] + bytes(4) + block[link + 4 :]
    try:
        found = places(block, struct.unpack(f"{order}I", second)[0])
    except (ValueError, struct.error):
        return unlinked
    if not {_THUMBNAIL_OFFSET, _THUMBNAIL_LENGTH} <= found.keys():
        return unlinked
    start = integer(block, found[_THUMBNAIL_OFFSET])
    length = integer(block, found[_THUMBNAIL_LENGTH])
    if not link < start <= start + length <= len(block):
        return unlinked
    rest = unlinked[start + length :]
    cut = unlinked[:start] + (bytes(length) + rest if rest else b"")
    return cut if usable(cut) else unlinked


def _machine_text(value: Value) -> bool:
    """Whether a description is a program's record of the array's shape, untrue once enlarged."""
    return value.raw.startswith((b'{"shape"', b"ImageJ=", b"<?xml", b"<OME"))
