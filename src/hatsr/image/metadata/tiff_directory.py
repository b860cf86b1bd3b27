"""TIFF directories: the tagged values of which both an EXIF block and a TIFF file consist.

A block is a header, then directories of 12-byte entries; a value of more than four bytes lies
elsewhere in the block, at the offset that its entry gives.
"""

import struct
from fractions import Fraction
from typing import Literal, NamedTuple

BYTE, ASCII, SHORT, LONG, RATIONAL, UNDEFINED = 1, 2, 3, 4, 5, 7
SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
"""Bytes of one value of each TIFF type."""


class Value(NamedTuple):
    """What an entry holds: ``number`` values of a TIFF type, in the byte order of the block."""

    kind: int
    number: int
    raw: bytes


class Place(NamedTuple):
    """Where in the block an entry and its value lie, and how many bytes the value has."""

    kind: int
    number: int
    entry: int
    value: int
    size: int


def byte_order(block: bytes | bytearray) -> Literal["<", ">"]:
    """The struct prefix of the block, "<" or ">"."""
    orders: dict[bytes, Literal["<", ">"]] = {b"II*\0": "<", b"MM\0*": ">"}
    head = bytes(block[:4])
    if head not in orders:
        raise ValueError(f"block must begin with II*\\0 or MM\\0*, got {head!r}")
    return orders[head]


def first_directory(block: bytes) -> int:
    """Offset of the first directory."""
    return struct.unpack_from(f"{byte_order(block)}I", block, 4)[0]


def places(block: bytes, at: int) -> dict[int, Place]:
    """Tag and place of each entry of the directory at an offset.

    An entry whose value does not lie within the block is left out.

    Raises:
        ValueError: not such a block, or values that overlap (small files could make them huge).
        struct.error: the directory does not lie within the block.
    """
    order = byte_order(block)
    found: dict[int, Place] = {}
    for index in range(struct.unpack_from(f"{order}H", block, at)[0]):
        entry = at + 2 + 12 * index
        tag, kind, number, offset = struct.unpack_from(f"{order}HHII", block, entry)
        size = SIZES.get(kind, 1) * number
        value = entry + 8 if size <= 4 else offset
        if value + size <= len(block):
            found[tag] = Place(kind, number, entry, value, size)
    if sum(place.size for place in found.values()) > len(block):
        raise ValueError("values of a directory must not overlap, got more bytes than the block")
    return found


def values(block: bytes, at: int) -> dict[int, Value]:
    """Tag and value of each entry of the directory at an offset; raises as :func:`places`."""
    return {
        tag: Value(place.kind, place.number, bytes(block[place.value : place.value + place.size]))
        for tag, place in places(block, at).items()
    }


def pack(entries: dict[int, Value], order: str, at: int) -> bytes:
    """A directory that will stand at offset ``at``, followed by its longer values."""
    late = at + 2 + 12 * len(entries) + 4
    table, tail = struct.pack(f"{order}H", len(entries)), b""
    for tag in sorted(entries):
        kind, number, raw = entries[tag]
        short = len(raw) <= 4
        slot = raw.ljust(4, b"\0") if short else struct.pack(f"{order}I", late + len(tail))
        table += struct.pack(f"{order}HHI", tag, kind, number) + slot
        tail += b"" if short else raw + b"\0" * (len(raw) % 2)
    return table + bytes(4) + tail


def in_order(value: Value, old: str, new: str) -> Value:
    """A value of a block of one byte order, as one of the other has it."""
    unit = {RATIONAL: 4, 10: 4}.get(value.kind, SIZES.get(value.kind, 1))
    if old == new or unit == 1:
        return value
    units = (value.raw[at : at + unit][::-1] for at in range(0, len(value.raw), unit))
    return Value(value.kind, value.number, b"".join(units))


def text_value(text: str) -> Value:
    """A text as an ASCII value; what ASCII lacks is written as UTF-8, as programs do."""
    raw = text.encode() + b"\0"
    return Value(ASCII, len(raw), raw)


def integer(block: bytes, place: Place) -> int:
    """The first value of an integer entry; -1 for another type."""
    code = {BYTE: "B", SHORT: "H", LONG: "I"}.get(place.kind)
    if code is None or place.number < 1:
        return -1
    return struct.unpack_from(byte_order(block) + code, block, place.value)[0]


def fraction(block: bytes, place: Place) -> Fraction | None:
    """The value of a rational entry, if it is one and positive."""
    if place.kind != RATIONAL or place.number != 1:
        return None
    over, under = struct.unpack_from(f"{byte_order(block)}II", block, place.value)
    return Fraction(over, under) if over and under else None


def put_integer(block: bytearray, place: Place, kind: int, number: int) -> None:
    """Replace an entry by one SHORT or LONG, which always fits into the entry itself."""
    order = byte_order(block)
    code = {SHORT: "HIHxx", LONG: "HII"}[kind]
    struct.pack_into(order + code, block, place.entry + 2, kind, 1, number)


def put_fraction(block: bytearray, place: Place, number: Fraction) -> None:
    """Overwrite the value of a rational entry."""
    order = byte_order(block)
    struct.pack_into(f"{order}II", block, place.value, number.numerator, number.denominator)


def swap_values(block: bytearray, one: Place, other: Place) -> None:
    """Exchange the values of two rational entries; others are left as they are."""
    if one.kind == other.kind == RATIONAL and one.number == other.number == 1:
        first, second = block[one.value : one.value + 8], block[other.value : other.value + 8]
        block[one.value : one.value + 8] = second
        block[other.value : other.value + 8] = first
