"""Animated WebP: whole frames in the container of RFC 9649, section 2.7."""

import struct
from collections.abc import Iterable, Iterator
from dataclasses import replace
from io import BufferedIOBase

from hatsr.image.codecs.webp import encode_webp
from hatsr.image.metadata.exif import stamped
from hatsr.image.picture import Picture
from hatsr.image.sequences.sequence import PictureFrame

_ICC, _ALPHA, _EXIF, _XMP, _ANIMATION = 0x20, 0x10, 0x08, 0x04, 0x02
"""Bits that say what is in the file."""
_NO_BLENDING = 0x02
_LONGEST = 2**24 - 1
"""Milliseconds of a frame."""


def write_webp_frames(
    file: BufferedIOBase,
    frames: Iterable[PictureFrame],
    plays: int,
    software: str | None,
    quality: int | None,
) -> None:
    """Write an animated WebP; the first frame's metadata are the file's.

    Args:
        file: to write to, from its beginning.
        frames: of one size.
        plays: 0: for ever.
        software: what made the frames.
        quality: 1 to 100; None: without loss.
    """
    rest, length = b"", 0
    for index, frame in enumerate(frames):
        if index == 0:
            length += file.write(_head(frame.picture, plays, software))
            rest = _tail(frame.picture, software)
        length += file.write(_frame(frame, quality))
    length += file.write(rest)
    file.seek(4)
    file.write(struct.pack("<I", length - 8))


def _head(picture: Picture, plays: int, software: str | None) -> bytes:
    exif = stamped(picture.exif, software, picture.dpi)
    found = {
        _ANIMATION: True,
        _ALPHA: picture.alpha is not None,
        _ICC: picture.icc_profile is not None,
        _EXIF: exif is not None,
        _XMP: picture.xmp is not None,
    }
    flags = sum(bit for bit, is_there in found.items() if is_there)
    size = _number(picture.width - 1) + _number(picture.height - 1)
    parts = [_chunk(b"VP8X", struct.pack("<I", flags) + size)]
    parts += [_chunk(b"ICCP", picture.icc_profile)] if picture.icc_profile else []
    parts += [_chunk(b"ANIM", struct.pack("<IH", 0, min(plays, 65535)))]
    return b"RIFF" + bytes(4) + b"WEBP" + b"".join(parts)


def _tail(picture: Picture, software: str | None) -> bytes:
    exif = stamped(picture.exif, software, picture.dpi)
    parts = [_chunk(b"EXIF", exif)] if exif else []
    parts += [_chunk(b"XMP ", picture.xmp)] if picture.xmp else []
    return b"".join(parts)


def _frame(frame: PictureFrame, quality: int | None) -> bytes:
    picture = replace(frame.picture, exif=None, xmp=None, icc_profile=None, dpi=None)
    still = encode_webp(picture, None, quality)
    pixels = [_chunk(name, part) for name, part in _chunks(still) if name != b"VP8X"]
    numbers = 0, 0, picture.width - 1, picture.height - 1
    milliseconds = min(round(1000 * frame.seconds), _LONGEST)
    head = b"".join(map(_number, (*numbers, milliseconds))) + bytes([_NO_BLENDING])
    return _chunk(b"ANMF", head + b"".join(pixels))


def _number(value: int) -> bytes:
    """A number in 24 bits, the lowest byte first."""
    return value.to_bytes(3, "little")


def _chunk(name: bytes, content: bytes) -> bytes:
    return name + struct.pack("<I", len(content)) + content + bytes(len(content) % 2)


def _chunks(webp: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Name and content of each chunk of a file of one picture."""
    at = 12
    while at + 8 <= len(webp):
        name, size = struct.unpack_from("<4sI", webp, at)
        yield name, webp[at + 8 : at + 8 + size]
        at += 8 + size + size % 2
