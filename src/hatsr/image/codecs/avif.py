"""AVIF: 8 bits through Pillow, 10 and 12 bits through libavif itself."""

import struct
from dataclasses import replace

import imagecodecs
import numpy as np
from PIL import AvifImagePlugin

from hatsr.image.codecs.decoded import Decoded
from hatsr.image.codecs.pillow import decode_frame, metadata_options, open_header, save
from hatsr.image.metadata.cicp import cicp_notes
from hatsr.image.metadata.exif import stamped
from hatsr.image.picture import Picture, to_array

_HIGH_BIT_DEPTH, _TWELVE_BIT = 0x40, 0x20
"""Bits of a byte of the box av1C (AV1 Codec ISO Media File Format Binding, section 2.3.3)."""


def read_avif(data: bytes, max_pixels: int) -> Decoded:
    """Codes and metadata of the first frame of an AVIF file."""
    decoded = decode_frame(open_header(AvifImagePlugin.AvifImageFile, data, max_pixels))
    if decoded.icc_profile is None:
        decoded = replace(decoded, notes=(*decoded.notes, *_nclx_notes(data)))
    box = data.find(b"av1C")
    depth = data[box + 6] if 0 <= box < len(data) - 6 else 0
    if not depth & _HIGH_BIT_DEPTH:
        return decoded
    codes = np.atleast_3d(imagecodecs.avif_decode(data, index=0))
    return replace(decoded, codes=codes, max_code=4095 if depth & _TWELVE_BIT else 1023, bits=16)


def encode_avif(picture: Picture, software: str | None, quality: int) -> bytes:
    """The bytes of an AVIF file of 8 bits, its colour in full resolution."""
    sampling = None if picture.gray and picture.alpha is None else "4:4:4"
    exif = stamped(picture.exif, software, picture.dpi)
    options = {"quality": quality, "subsampling": sampling, **metadata_options(picture, exif)}
    return save(to_array(picture, 8), "avif", options)


def _nclx_notes(avif: bytes) -> tuple[str, ...]:
    """On the first colour box that gives its space by numbers (ISO/IEC 14496-12, 12.1.5)."""
    box = avif.find(b"colrnclx")
    if not 0 <= box <= len(avif) - 12:
        return ()
    return cicp_notes(*struct.unpack_from(">HH", avif, box + 8))
