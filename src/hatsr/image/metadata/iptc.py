"""IPTC records (who made a picture, when, where), and the Photoshop resources that carry them.

The records are those of the IPTC-NAA Information Interchange Model, version 4: each begins with
0x1C, its record and data set number, and its length.
"""

import struct

PHOTOSHOP = b"Photoshop 3.0\0"
"""What precedes the resources in a JPEG segment."""
RESOURCE = 0x0404
"""Number of the resource that holds the records."""
_RECORD = 0x1C
_LONG = 0x8000
"""A length with this bit gives the number of bytes in which the length itself is written."""


def usable(records: bytes) -> bool:
    """Whether the records can be read to their end, behind which zeros may follow."""
    at = 0
    while at + 5 <= len(records) and records[at] == _RECORD:
        length = struct.unpack_from(">H", records, at + 3)[0]
        at += 5
        if length >= _LONG:
            size = length - _LONG
            length = int.from_bytes(records[at : at + size], "big")
            at += size
        at += length
    return 0 < at <= len(records) and not any(records[at:])


def from_resources(resources: bytes) -> bytes | None:
    """The IPTC records among Photoshop's resources, None when there are none.

    Args:
        resources: Resources, with or without the word "Photoshop 3.0" before them; or the bare
            records, as some programs write them in their place.
    """
    resources = resources.removeprefix(PHOTOSHOP)
    if resources[:4] != b"8BIM":
        return resources or None
    at = 0
    while resources[at : at + 4] == b"8BIM" and at + 12 <= len(resources):
        number, name = struct.unpack_from(">HB", resources, at + 4)
        at += 6 + (name + 2) // 2 * 2  # a name and its length have an even number of bytes
        size = int.from_bytes(resources[at : at + 4], "big")
        if number == RESOURCE:
            return resources[at + 4 : at + 4 + size]
        at += 4 + (size + 1) // 2 * 2
    return None


def to_resources(records: bytes) -> bytes:
    """The records as the only one of Photoshop's resources: inverse of :func:`from_resources`."""
    head = struct.pack(">4sHHI", b"8BIM", RESOURCE, 0, len(records))
    return head + records + bytes(len(records) % 2)
