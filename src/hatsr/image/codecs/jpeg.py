"""JPEG through Pillow, whole or not at all; of a multi-picture file (MPO) the first picture."""

import struct
from dataclasses import replace

from PIL import Image, JpegImagePlugin

from hatsr.image.bitstreams.jpeg_quality import file_quality
from hatsr.image.bitstreams.jpeg_scans import check_complete
from hatsr.image.codecs.decoded import Decoded
from hatsr.image.codecs.pillow import EXIF_HEADER, decode, metadata_options, open_header, save
from hatsr.image.metadata.exif import stamped
from hatsr.image.metadata.iptc import PHOTOSHOP, to_resources
from hatsr.image.metadata.tiff_directory import first_directory, values
from hatsr.image.picture import COMMENT, Compression, Picture, to_array

_ENTRIES = 0xB002
"""Tag of the multi-picture index: 16 bytes for each picture, its kind in the last three of four."""
_PREVIEWS = (0x010001, 0x010002)
"""Kinds of entries that are the first picture again, smaller (CIPA DC-007, 5.2.3.3.1)."""

_SEGMENT = 65533
"""Most bytes that a marker segment can hold."""
_XMP_HEADER = b"http://ns.adobe.com/xap/1.0/\0"
_IPTC, _COMMENT = b"\xff\xed", b"\xff\xfe"
"""Markers of their segments."""


def read_jpeg(data: bytes, max_pixels: int) -> Decoded:
    """Codes and metadata of a JPEG file; refused when some of its pixels are missing."""
    image = open_header(JpegImagePlugin.JpegImageFile, data, max_pixels)
    image.decodermaxblock = len(data)  # arithmetic coding is not decoded in pieces
    image.load()
    check_complete(data, image)
    decoded = decode(image)
    quality = file_quality(image)
    return replace(
        decoded,
        compression=None if quality is None else Compression("JPEG", quality),
        notes=(*_further_pictures(image), *decoded.notes),
    )


def encode_jpeg(picture: Picture, software: str | None, quality: int) -> bytes:
    """The bytes of a JPEG file of an opaque picture, its colour in full resolution."""
    exif = stamped(picture.exif, software)
    if not exif_fits(exif):
        exif = picture.exif
    codes = to_array(picture, 8)
    if picture.alpha is not None:
        codes = codes[..., 0] if picture.gray else codes[..., :3]
    options = {"quality": quality, "subsampling": "4:4:4", "dpi": picture.dpi}
    options |= {"extra": _segments(picture), **metadata_options(picture, exif)}
    return save(codes, "jpeg", options)


def exif_fits(block: bytes | None) -> bool:
    """Whether a segment can hold the EXIF block."""
    return block is None or len(EXIF_HEADER) + len(block) <= _SEGMENT


def xmp_fits(packet: bytes | None) -> bool:
    """Whether a segment can hold the XMP packet."""
    return packet is None or len(_XMP_HEADER) + len(packet) <= _SEGMENT


def iptc_fits(records: bytes | None) -> bool:
    """Whether a segment can hold the IPTC records."""
    return records is None or len(PHOTOSHOP + to_resources(records)) <= _SEGMENT


def comment_fits(text: str) -> bool:
    """Whether a segment can hold the comment."""
    return len(text.encode()) <= _SEGMENT


def _segments(picture: Picture) -> bytes:
    """The marker segments that Pillow does not write: IPTC records and comments."""
    contents = [(_COMMENT, text.encode()) for key, text in picture.text if key == COMMENT]
    if picture.iptc is not None:
        contents.insert(0, (_IPTC, PHOTOSHOP + to_resources(picture.iptc)))
    return b"".join(
        marker + struct.pack(">H", len(content) + 2) + content for marker, content in contents
    )


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
