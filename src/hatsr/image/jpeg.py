"""JPEG files that end too early.

libjpeg paints what is missing gray and says nothing, as soon as the file ends with its end mark.
"""

from __future__ import annotations

import io
import re
import struct

import numpy as np
from PIL import Image, JpegImagePlugin

from hatsr.image.errors import PictureError

END = b"\xff\xd9"
MARK = re.compile(rb"\xff+[^\x00\xff\xd0-\xd7]")
"""A marker that is neither an escaped 255 nor a restart within coded pixels."""
FILL = (127, 128)
"""What missing pixels are painted with."""
MORE = bytes(range(1, 251)) * 4
"""Arbitrary coded bits without a marker."""


def check_complete(data: bytes, image: Image.Image) -> None:
    """Refuse a JPEG file whose last scan ends before the picture does.

    A decoder that has all its pixels ignores what lies between them and the end mark; one that has
    not decodes it. So a suspicious picture is decoded again with arbitrary bytes put there, and
    must stay the same. Suspicious is a last pixel of the fill colour, and any progressive file.

    Args:
        data: The file.
        image: The picture decoded from it by Pillow.

    Raises:
        PictureError: the picture changes.
    """
    last = np.asarray(image.getpixel((image.width - 1, image.height - 1)))
    if "progressive" not in image.info and not np.isin(last, FILL).all():
        return
    end = _end_mark(data)
    again = JpegImagePlugin.JpegImageFile(io.BytesIO(data[:end] + MORE + END))
    if not np.array_equal(np.asarray(image), np.asarray(again)):
        raise PictureError("JPEG is cut short: its last rows are missing; get the whole file again")


def _end_mark(data: bytes) -> int:
    """Where the picture's end mark begins; the file may go on behind it."""
    at = 2
    while found := MARK.search(data, at):
        at, code = found.end(), data[found.end() - 1]
        if code == END[1]:
            return at - 2
        if code not in (0x01, 0xD8):  # all others have a length
            at += struct.unpack_from(">H", data, at)[0]
    return len(data)
