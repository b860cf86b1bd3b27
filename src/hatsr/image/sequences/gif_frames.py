"""Animated GIF: whole frames, each with 256 colours of its own (GIF89a specification)."""

import io
import struct
from collections.abc import Iterable
from fractions import Fraction
from io import BufferedIOBase

import numpy as np
from PIL import Image

from hatsr.image.picture import Picture, to_array
from hatsr.image.sequences.sequence import PictureFrame

_CLEAR = 255
"""The colour that stands for transparent pixels."""
_KEEP, _CLEAR_AFTER = 1, 2
"""What becomes of a frame when the next one is shown."""
_LONGEST = 65535
"""Hundredths of a second."""


def write_gif(file: BufferedIOBase, frames: Iterable[PictureFrame], plays: int) -> None:
    """Write an animated GIF; times are rounded to hundredths of a second, without drift.

    Args:
        file: to write to.
        frames: of one size.
        plays: 0: for ever.
    """
    shown, told = Fraction(0), 0
    for index, frame in enumerate(frames):
        if index == 0:
            size = frame.picture.width, frame.picture.height
            file.write(b"GIF89a" + struct.pack("<HHBBB", *size, 0x70, 0, 0) + _loop(plays))
        shown += 100 * frame.seconds
        hundredths = min(max(round(shown) - told, 0), _LONGEST)
        told += hundredths
        file.write(_frame(frame.picture, hundredths))
    file.write(b";")


def _loop(plays: int) -> bytes:
    """The extension that says how often the frames are shown again; absent for once."""
    again = 0 if plays == 0 else min(plays - 1, 65535)
    return b"" if plays == 1 else b"!\xff\x0bNETSCAPE2.0\x03\x01" + struct.pack("<HB", again, 0)


def _frame(picture: Picture, hundredths: int) -> bytes:
    """A frame: its control extension, its colours, its pixels."""
    indexed = _indexed(picture)
    clear = picture.alpha is not None
    flags = (_CLEAR_AFTER if clear else _KEEP) << 2 | clear
    control = b"!\xf9\x04" + struct.pack("<BHBB", flags, hundredths, _CLEAR, 0)
    file = io.BytesIO()
    indexed.save(file, "GIF", optimize=False, interlace=0)
    still = file.getvalue()
    table = 3 * 2 ** ((still[10] & 7) + 1)  # of the colours, after the file's header
    colours, at = still[13 : 13 + table], 13 + table
    while still[at : at + 1] == b"!":  # an extension
        at += 2
        while still[at]:
            at += 1 + still[at]
        at += 1
    place = still[at : at + 9] + bytes([0x80 | (still[10] & 7)])
    return control + place + colours + still[at + 10 : -1]


def _indexed(picture: Picture) -> Image.Image:
    """At most 256 colours; pixels of less than half opacity become clear."""
    codes = to_array(picture, 8)
    if picture.gray:
        light = codes[..., 0] if codes.ndim == 3 else codes
        codes = np.stack([light] * 3 + ([codes[..., 1]] if codes.ndim == 3 else []), axis=2)
    clear = picture.alpha is not None
    image = Image.fromarray(np.ascontiguousarray(codes[..., :3]))
    indexed = image.quantize(colors=_CLEAR if clear else 256, method=Image.Quantize.MEDIANCUT)
    if not clear:
        return indexed
    numbers = np.where(codes[..., 3] < 128, _CLEAR, np.asarray(indexed)).astype(np.uint8)
    result = Image.fromarray(numbers, "P")
    palette = indexed.getpalette() or []
    result.putpalette(palette + [0] * (768 - len(palette)))
    return result
