"""Whether a JPEG file holds all pixels of its picture.

libjpeg paints what is missing gray and says nothing, as soon as the file ends with its end mark.
Three things can be missing: whole scans, restart intervals of a scan, and the last coded bits of
an interval. The marker segments of the file tell the first two (ITU-T T.81, annex B). For the
third, arbitrary bits are put where each interval ends: a decoder that has all it needs skips them,
one that has not takes them for coefficients.
"""

import hashlib
import io
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageChops, JpegImagePlugin

from hatsr.image.errors import PictureError

_MARKER = re.compile(rb"\xff+[^\x00\xff\xd0-\xd7]")
"""A marker that is neither an escaped 255 nor a restart within coded pixels."""
_RESTART = re.compile(rb"\xff+[\xd0-\xd7]")
_START, _END, _SCAN, _INTERVAL, _TEMPORARY = 0xD8, 0xD9, 0xDA, 0xDD, 0x01
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_PROGRESSIVE = frozenset({0xC2, 0xC6, 0xCA, 0xCE})
_ARITHMETIC = frozenset(range(0xC9, 0xD0))
_NOT_SENT = 99
"""More than the highest bit of any coefficient."""
_BITS = tuple(
    hashlib.shake_128(seed).digest(512).replace(b"\xff", b"\xff\0") for seed in (b"1", b"2")
)
"""Arbitrary coded bits without a marker, enough for several blocks, as the first may lie beyond the
picture's border; twice, as one might begin with the very bits that are missing."""
_DROPPED = bytes(64)
"""Zeros that an arithmetic coder may have left away where an interval ends (T.81, D.1.8): none
are seen to leave away more than 12, however flat the picture."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Frame:
    """What the header of the picture says."""

    code: int
    height: int
    width: int
    sampling: dict[int, tuple[int, int]]
    """Of each component by its identifier: samples across and down in a unit of the picture."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Scan:
    """One pass over the picture."""

    components: tuple[int, ...]
    first: int
    """The first and last coefficient of each block that it sends."""
    last: int
    bit: int
    """The lowest bit of these coefficients that it sends."""
    interval: int
    """Units between two restart markers; 0 when there are none."""
    begin: int
    """Where in the file the coded bits lie."""
    end: int


def check_complete(data: bytes, image: Image.Image) -> None:
    """Refuse a JPEG file that ends, or has a gap, before its picture is there to the last pixel.

    Only arithmetic coding leaves away zeros at the end, so that a few dozen missing bytes cannot be
    told from none there.

    Args:
        data: The file.
        image: The picture decoded from it by Pillow.

    Raises:
        PictureError: a scan or a restart interval is missing, or pixels depend on bits that are.
    """
    frame, scans = _structure(data)
    _check_scans(frame, scans)
    for scan in scans:
        _check_restarts(frame, scan, data)
    for bits in _BITS:
        longer = _with(bits if frame.code not in _ARITHMETIC else _DROPPED + bits, data, scans)
        again = JpegImagePlugin.JpegImageFile(io.BytesIO(longer))
        again.decodermaxblock = len(longer)
        if ImageChops.difference(image, again).getbbox() is not None:
            raise _cut("its last rows, or parts of them, are missing")


def _check_scans(frame: _Frame, scans: list[_Scan]) -> None:
    """Refuse when some bit of some coefficient of some component is sent by no scan."""
    unsent = np.full((256, 64), _NOT_SENT)
    for scan in scans:
        unsent[list(scan.components), scan.first : scan.last + 1] = scan.bit
    if unsent[list(frame.sampling)].any():
        raise _cut("scans with some of its detail or colour are missing")


def _check_restarts(frame: _Frame, scan: _Scan, data: bytes) -> None:
    """Refuse when a scan has fewer restart markers than its units need."""
    if not scan.interval:
        return
    needed = (_units(frame, scan.components) - 1) // scan.interval
    missing = needed - len(_RESTART.findall(data, scan.begin, scan.end))
    if missing > 0:
        raise _cut(f"{missing} of {needed + 1} restart intervals are missing")


def _cut(what: str) -> PictureError:
    return PictureError(f"JPEG is cut short: {what}; get the whole file again")


def _structure(data: bytes) -> tuple[_Frame, list[_Scan]]:
    """The picture's header and its scans, as the marker segments up to the end mark give them."""
    frame, scans, interval = None, [], 0
    for code, begin, end in _segments(data):
        if code in _FRAMES:
            frame = _frame(code, data[begin:end])
        elif code == _INTERVAL:
            interval = struct.unpack_from(">H", data, begin)[0]
        elif code == _SCAN and frame is not None:
            scans.append(_scan(data, begin, end, interval, frame.code in _PROGRESSIVE))
    if frame is None or not scans:
        raise _cut("its pixels are missing")
    return frame, scans


def _segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Code of each marker segment and where its content begins and ends; up to the end mark."""
    at = 2
    while found := _MARKER.search(data, at):
        at, code = found.end(), data[found.end() - 1]
        if code == _END:
            return
        if code not in (_START, _TEMPORARY):  # all others have a length
            length = struct.unpack_from(">H", data, at)[0]
            yield code, at + 2, at + length
            at += length


def _frame(code: int, content: bytes) -> _Frame:
    """The frame header: size, components and their sampling (T.81, B.2.2)."""
    height, width, count = struct.unpack_from(">HHB", content, 1)
    parts = (content[6 + 3 * index : 9 + 3 * index] for index in range(count))
    sampling = {part[0]: (part[1] >> 4, part[1] & 15) for part in parts}
    return _Frame(code=code, height=height, width=width, sampling=sampling)


def _scan(data: bytes, begin: int, end: int, interval: int, progressive: bool) -> _Scan:
    """T.81, B.2.3. Only a progressive scan may send a part of the coefficients."""
    count = data[begin]
    first, last, bits = data[begin + 1 + 2 * count : end][:3]
    after = _MARKER.search(data, end)
    return _Scan(
        components=tuple(data[begin + 1 : begin + 1 + 2 * count : 2]),
        first=first if progressive else 0,
        last=last if progressive else 63,
        bit=bits & 15 if progressive else 0,
        interval=interval,
        begin=end,
        end=after.start() if after else len(data),
    )


def _units(frame: _Frame, components: tuple[int, ...]) -> int:
    """How many minimum coded units a scan of these components has (T.81, A.2)."""
    across, down = (max(sides) for sides in zip(*frame.sampling.values(), strict=True))
    h, v = frame.sampling[components[0]] if len(components) == 1 else (1, 1)
    columns, rows = -(-frame.width * h // (8 * across)), -(-frame.height * v // (8 * down))
    return columns * rows


def _with(bits: bytes, data: bytes, scans: list[_Scan]) -> bytes:
    """The file with bits put where each restart interval and each scan ends."""
    parts, at = [], 0
    for scan in scans:
        coded = _RESTART.sub(lambda found: bits + found[0], data[scan.begin : scan.end])
        parts += [data[at : scan.begin], coded, bits]
        at = scan.end
    return b"".join([*parts, data[at:]])
