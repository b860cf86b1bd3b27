"""JPEG through Pillow, whole or not at all; of a multi-picture file (MPO) the first picture."""

from __future__ import annotations

import struct
from dataclasses import replace

from PIL import Image, JpegImagePlugin

from hatsr.image.codecs.decoded import Decoded
from hatsr.image.codecs.jpeg_scans import check_complete
from hatsr.image.codecs.pillow import decode, opened
from hatsr.image.metadata.iptc import PHOTOSHOP, to_resources
from hatsr.image.metadata.tiff_directory import first_directory, values
from hatsr.image.picture import COMMENT, Picture

_ENTRIES = 0xB002
"""Tag of the multi-picture index: 16 bytes for each picture, its kind in the last three of four."""
_PREVIEWS = (0x010001, 0x010002)
"""Kinds of entries that are the first picture again, smaller (CIPA DC-007, 5.2.3.3.1)."""

SEGMENT = 65533
"""Most bytes that a marker segment can hold."""
_IPTC_MARKER, _COMMENT_MARKER = b"\xff\xed", b"\xff\xfe"


def read_jpeg(data: bytes, max_pixels: int) -> Decoded:
    """Codes and metadata of a JPEG file; refused when some of its pixels are missing."""
    image = opened(JpegImagePlugin.JpegImageFile, data, max_pixels)
    image.decodermaxblock = len(data)  # arithmetic coding is not decoded in pieces
    image.load()
    check_complete(data, image)
    decoded = decode(image)
    return replace(decoded, notes=(*_further_pictures(image), *decoded.notes))


def side_segments(picture: Picture) -> bytes:
    """The marker segments of a picture's IPTC records and comments, but not of too long ones."""
    segments = [(_IPTC_MARKER, iptc_content(picture))]
    segments += [(_COMMENT_MARKER, comment) for comment in comments(picture)]
    return b"".join(
        marker + struct.pack(">H", len(content) + 2) + content
        for marker, content in segments
        if 0 < len(content) <= SEGMENT
    )


def iptc_content(picture: Picture) -> bytes:
    """What the segment of the IPTC records holds; empty when there are none."""
    return b"" if picture.iptc is None else PHOTOSHOP + to_resources(picture.iptc)


def comments(picture: Picture) -> list[bytes]:
    """What the segment of each comment holds."""
    return [text.encode() for key, text in picture.text if key == COMMENT]


def _further_pictures(image: Image.Image) -> tuple[str, ...]:
    """Which pictures behind the first are not used: the other eye, a gain map, a series."""
    index = image.info.get("mp")
    if index is None:
        return ()
    try:
        order = {b"II": "<", b"MM": ">"}[index[:2]]
        entries = values(index, first_directory(index))[_ENTRIES].raw
        kinds = [kind & 0xFFFFFF for (kind,) in struct.iter_unpack(f"{order}I12x", entries)]
    except (KeyError, ValueError, struct.error):
        return ("index of further pictures is damaged: only the first is used",)
    count = sum(kind not in _PREVIEWS for kind in kinds)
    return (f"only picture 1 of {count} is used",) if count > 1 else ()
