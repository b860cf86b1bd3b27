"""Pictures: file or bytes <-> array <-> tensor, with everything a file carries beside its pixels.

The only place that knows codecs, codes of 8 and 16 bits and colour profiles. PyTorch is imported
only when a tensor is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hatsr.image.alpha import bleed
from hatsr.image.bitstreams.jpeg_quality import jpeg_tables
from hatsr.image.codecs.decoded import MAX_PIXELS, check_size
from hatsr.image.codecs.pillow import from_pil, to_pil
from hatsr.image.codes import (
    FULL_RANGE_LUMA_WEIGHTS,
    LUMA_WEIGHTS,
    Codes,
    from_codes,
    luma,
    modcrop,
    to_codes,
)
from hatsr.image.errors import PictureError
from hatsr.image.fitting import losses
from hatsr.image.listing import (
    READABLE,
    UNREADABLE_KINDS,
    list_ending,
    list_pictures,
    list_unreadable,
)
from hatsr.image.matching import match_names
from hatsr.image.picture import Codec, Compression, Picture, enlarged, from_array, to_array
from hatsr.image.reading import Readable, header_size, read
from hatsr.image.sequences.frame_reading import read_sequence
from hatsr.image.sequences.frame_writing import (
    SEQUENCE_FORMATS,
    check_sequence_encodable,
    check_sequence_writable,
    encode_sequence,
    write_sequence,
)
from hatsr.image.sequences.sequence import PictureFrame, PictureSequence
from hatsr.image.traces.jpeg_traces import former_jpeg_quality
from hatsr.image.traces.origin import read_software
from hatsr.image.writing import FORMATS, QUALITY, check_encodable, check_writable, encode, write

if TYPE_CHECKING:
    from hatsr.image.tensors import alpha_to_tensor, from_tensor, to_tensor

__all__ = [
    "FORMATS",
    "FULL_RANGE_LUMA_WEIGHTS",
    "LUMA_WEIGHTS",
    "MAX_PIXELS",
    "QUALITY",
    "READABLE",
    "SEQUENCE_FORMATS",
    "UNREADABLE_KINDS",
    "Codec",
    "Codes",
    "Compression",
    "Picture",
    "PictureError",
    "PictureFrame",
    "PictureSequence",
    "Readable",
    "alpha_to_tensor",
    "bleed",
    "check_encodable",
    "check_sequence_encodable",
    "check_sequence_writable",
    "check_size",
    "check_writable",
    "encode",
    "encode_sequence",
    "enlarged",
    "former_jpeg_quality",
    "from_array",
    "from_codes",
    "from_pil",
    "from_tensor",
    "header_size",
    "jpeg_tables",
    "list_ending",
    "list_pictures",
    "list_unreadable",
    "losses",
    "luma",
    "match_names",
    "modcrop",
    "read",
    "read_sequence",
    "read_software",
    "to_array",
    "to_codes",
    "to_pil",
    "to_tensor",
    "write",
    "write_sequence",
]


def __getattr__(name: str) -> object:
    """Import the tensor conversions, and with them PyTorch, when one is first asked for."""
    if name in ("alpha_to_tensor", "from_tensor", "to_tensor"):
        from hatsr.image import tensors

        return getattr(tensors, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
