"""Binary PGM and PPM, in 8 and 16 bits."""

import re

import numpy as np

from hatsr.image.codecs.decoded import Decoded, check_size
from hatsr.image.errors import PictureError

_HEADER = re.compile(rb"P([56])" + rb"(?:\s|#[^\n]*\n)+(\d{1,9})" * 3 + rb"(?:#[^\n]*\n)?\s")


def read_netpbm(data: bytes, max_pixels: int) -> Decoded:
    """Codes of a binary PGM (P5) or PPM (P6) file."""
    header = _HEADER.match(data)
    if header is None:
        raise PictureError("PGM or PPM header is damaged; it must give width, height and maximum")
    kind, width, height, max_code = map(int, header.groups())
    check_size(height, width, max_pixels)
    if not 1 <= max_code <= 65535:
        raise PictureError(f"maximum of PGM or PPM must be 1 to 65535, got {max_code}")
    channels, dtype = (1 if kind == 5 else 3), np.dtype(">u2" if max_code > 255 else "u1")
    size = height * width * channels
    if len(data) - header.end() < size * dtype.itemsize:
        raise PictureError("PGM or PPM is cut short; get the whole file again")
    codes = np.frombuffer(data, dtype, size, header.end()).reshape(height, width, channels)
    if codes.max() > max_code:
        raise PictureError(f"PGM or PPM codes must be at most {max_code}, got {codes.max()}")
    return Decoded(codes=codes, max_code=max_code, bits=8 if max_code <= 255 else 16)
