"""IPTC records and the Photoshop resources that carry them."""

import struct

import pytest
from picture_files import iptc_record

from hatsr.image.metadata import iptc

RECORDS = iptc_record(80, b"Ansel Adams") + iptc_record(120, b"a view")


LONG = struct.pack(">BBBHI", 0x1C, 2, 120, 0x8004, 70_000) + b"x" * 70_000


@pytest.mark.parametrize("records", [RECORDS, RECORDS + bytes(3), LONG, iptc_record(5, b"")])
def test_whole_records_are_usable(records: bytes) -> None:
    assert iptc.usable(records)


@pytest.mark.parametrize(
    "records", [b"", bytes(8), b"damaged", RECORDS[:-1], LONG[:-1], RECORDS + b"more", b"\x1c\2\5"]
)
def test_damage_is_seen(records: bytes) -> None:
    assert not iptc.usable(records)


@pytest.mark.parametrize("records", [RECORDS, RECORDS + b"\0", LONG])
def test_resources_are_the_inverse(records: bytes) -> None:
    resources = iptc.to_resources(records)
    assert len(resources) % 2 == 0
    assert iptc.from_resources(resources) == records
    assert iptc.from_resources(iptc.PHOTOSHOP + resources) == records


@pytest.mark.parametrize("name", [b"", b"a", b"ab", b"abc"])
@pytest.mark.parametrize("content", [b"", b"1", b"12"])
def test_they_are_found_behind_other_resources(name: bytes, content: bytes) -> None:
    other = struct.pack(">4sHB", b"8BIM", 0x03ED, len(name)) + name + bytes((len(name) + 1) % 2)
    other += struct.pack(">I", len(content)) + content + bytes(len(content) % 2)
    assert iptc.from_resources(other + iptc.to_resources(RECORDS)) == RECORDS
    assert iptc.from_resources(other) is None


def test_bare_records_and_none() -> None:
    assert iptc.from_resources(RECORDS) == RECORDS
    assert iptc.from_resources(b"") is None
    assert iptc.from_resources(iptc.PHOTOSHOP) is None
    assert iptc.from_resources(b"8BIM\4") is None
