"""Animated PNG: whole frames, one after the other (PNG specification, third edition, 11.3.7)."""

import struct
from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction
from io import BufferedIOBase

from hatsr.image.bitstreams.png_chunks import MAGIC, chunk, chunks
from hatsr.image.codecs.png import encode_png
from hatsr.image.sequences.sequence import PictureFrame

_MOST = 65535
"""Largest number over or under the line of a time."""


def write_apng(
    file: BufferedIOBase,
    frames: Iterable[PictureFrame],
    count: int,
    plays: int,
    software: str | None,
) -> None:
    """Write an animated PNG; the first frame carries the metadata.

    Args:
        file: to write to.
        frames: of one size and layout.
        count: how many there are.
        plays: 0: for ever.
        software: what made the frames.
    """
    number = 0  # of a chunk of frames
    for index, frame in enumerate(frames):
        picture = frame.picture
        bare = replace(picture, exif=None, xmp=None, iptc=None, icc_profile=None, text=())
        parts = list(chunks(encode_png(bare if index else picture, None if index else software)))
        if index == 0:
            file.write(MAGIC + parts[0][1] + chunk(b"acTL", struct.pack(">II", count, plays)))
            file.write(b"".join(p for name, p in parts[1:] if name not in (b"IDAT", b"IEND")))
        size = picture.width, picture.height
        times = _over_and_under(frame.seconds)
        file.write(chunk(b"fcTL", struct.pack(">IIIIIHHBB", number, *size, 0, 0, *times, 0, 0)))
        number += 1
        for pixels in (part[8:-4] for name, part in parts if name == b"IDAT"):
            if index == 0:
                file.write(chunk(b"IDAT", pixels))
                continue
            file.write(chunk(b"fdAT", struct.pack(">I", number) + pixels))
            number += 1
    file.write(chunk(b"IEND", b""))


def _over_and_under(seconds: Fraction) -> tuple[int, int]:
    """A time as two numbers of 16 bits."""
    limit = max(1, min(_MOST, int(_MOST / max(seconds, 1))))
    near = seconds.limit_denominator(limit)
    return min(near.numerator, _MOST), near.denominator
