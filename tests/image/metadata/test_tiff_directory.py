"""Directories of TIFF files and EXIF blocks."""

import struct
from fractions import Fraction

import pytest

from hatsr.image.metadata.tiff_directory import (
    Value,
    byte_order,
    first_directory,
    fraction,
    integer,
    pack,
    places,
    put_fraction,
    put_integer,
    swap_values,
    text_value,
    values,
)

HEADS = {"<": b"II*\0\x08\0\0\0", ">": b"MM\0*\0\0\0\x08"}


def entries(order: str) -> dict[int, Value]:
    return {
        1: Value(3, 1, struct.pack(f"{order}H", 7)),
        2: text_value("Company"),
        3: Value(5, 1, struct.pack(f"{order}II", 300, 1)),
        4: Value(5, 1, struct.pack(f"{order}II", 3, 2)),
    }


@pytest.mark.parametrize("order", ["<", ">"])
def test_packing_is_the_inverse_of_reading(order: str) -> None:
    block = HEADS[order] + pack(entries(order), order, 8)
    assert byte_order(block) == order
    assert first_directory(block) == 8
    assert values(block, 8) == entries(order)


@pytest.mark.parametrize("order", ["<", ">"])
def test_values_are_read_and_replaced(order: str) -> None:
    stored = HEADS[order] + pack(entries(order), order, 8)
    found = places(stored, 8)
    assert [integer(stored, found[tag]) for tag in (1, 2)] == [7, -1]
    assert [fraction(stored, found[tag]) for tag in (1, 3, 4)] == [None, 300, Fraction(3, 2)]
    block = bytearray(stored)
    swap_values(block, found[3], found[4])
    swap_values(block, found[1], found[4])  # of other types: left as they are
    assert [fraction(bytes(block), found[tag]) for tag in (3, 4)] == [Fraction(3, 2), 300]
    put_fraction(block, found[3], Fraction(5, 7))
    put_integer(block, found[1], 4, 70_000)
    again = places(bytes(block), 8)
    assert fraction(bytes(block), again[3]) == Fraction(5, 7)
    assert integer(bytes(block), again[1]) == 70_000


def test_values_outside_the_block_are_left_out() -> None:
    block = HEADS["<"] + struct.pack("<HHHIII", 1, 0x10F, 2, 99, 5, 0)
    assert places(block, 8) == {}


def test_other_blocks_are_refused() -> None:
    with pytest.raises(ValueError, match=r"must begin with II\*.* got b'XX\*"):
        byte_order(b"XX*\0")
