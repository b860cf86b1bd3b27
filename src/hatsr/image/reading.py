"""Any file -> picture: by its content, never by its name."""

from __future__ import annotations

import logging
import os
import re
import struct
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Protocol, cast, runtime_checkable

import imagecodecs
import numpy as np
from PIL import AvifImagePlugin, BmpImagePlugin, GifImagePlugin, Image, WebPImagePlugin

from hatsr.image.codecs.decoded import MAX_PIXELS, Decoded, develop
from hatsr.image.codecs.jpeg import read_jpeg
from hatsr.image.codecs.netpbm import read_netpbm
from hatsr.image.codecs.pillow import decode, decode_frame, opened
from hatsr.image.codecs.png import MAGIC, read_png
from hatsr.image.codecs.tiff import read_tiff
from hatsr.image.errors import PictureError, blaming
from hatsr.image.kinds import is_avif, unreadable_kind
from hatsr.image.metadata.cicp import cicp_notes
from hatsr.image.picture import Picture

NAMES = "PNG, JPEG, WebP, TIFF, AVIF, BMP, GIF, PGM or PPM"
HEAD = 1024
"""Bytes at the beginning by which a format is known."""
_SILENCE = ("ignore", None, Warning, re.compile(r"PIL\.|tifffile"), 0)
"""The warning filter while a file is read: as :func:`warnings.filterwarnings` keeps it."""


@runtime_checkable
class Readable(Protocol):
    """An open binary file."""

    def read(self, size: int = -1, /) -> bytes:
        """The next bytes, all that are left by default."""
        ...


def read(
    source: str | os.PathLike[str] | bytes | Readable, *, max_pixels: int = MAX_PIXELS
) -> Picture:
    """Read a picture: PNG, JPEG, WebP, TIFF, AVIF, BMP, GIF (first frame), binary PGM or PPM.

    Args:
        source: A path, the bytes of a file, or an open binary file.
        max_pixels: Largest height x width to accept; checked before anything is decoded.

    Returns:
        The picture as displayed: EXIF orientation applied, CMYK and Lab converted to sRGB. What
        a user should know about the conversion is in its ``notes``.

    Raises:
        PictureError: damaged, cut short, too large, or not a picture; names the file.
        OSError: the file cannot be opened (missing, a folder, no permission).
    """
    data, name = _contents(source)
    with blaming(name), _quiet():
        return develop(_reader(data)(data, max_pixels))


def _contents(source: str | os.PathLike[str] | bytes | Readable) -> tuple[bytes, str]:
    """The bytes of the source and what to call it; a file of unknown kind is not read whole."""
    if isinstance(source, bytes):
        return source, "picture in memory"
    if isinstance(source, str | os.PathLike):
        with Path(source).open("rb") as file:
            return _contents(file)
    name = str(getattr(source, "name", "picture in an open file"))
    head = source.read(HEAD)
    with blaming(name):
        _reader(head)
    return head + source.read(), name


def header_size(path: Path) -> tuple[int, int] | None:
    """Height and width that a file's header gives, before it is turned upright.

    Nothing is decoded. None where there is no picture that Pillow knows.
    """
    try:
        with _quiet(), Image.open(path) as image:
            return image.height, image.width
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None


def _reader(data: bytes) -> Callable[[bytes, int], Decoded]:
    """The function that reads the format with which the bytes begin."""
    if not data:
        raise PictureError("file is empty; get it again")
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return _read_webp
    if is_avif(data[:HEAD]):
        return _read_avif
    readers: dict[bytes, Callable[[bytes, int], Decoded]] = {
        MAGIC: read_png,
        b"\xff\xd8\xff": read_jpeg,
        b"II*\0": read_tiff,
        b"MM\0*": read_tiff,
        b"II+\0": read_tiff,
        b"MM\0+": read_tiff,
        b"GIF8": _read_gif,
        b"BM": _read_bmp,
        b"P5": read_netpbm,
        b"P6": read_netpbm,
    }
    for magic, reader in readers.items():
        if data.startswith(magic):
            return reader
    kind, advice = unreadable_kind(data[:HEAD]) or (f"bytes {data[:8]!r}", "convert it first")
    raise PictureError(f"file must be {NAMES}, got {kind}; {advice}")


def _read_webp(data: bytes, max_pixels: int) -> Decoded:
    decoded = decode_frame(opened(WebPImagePlugin.WebPImageFile, data, max_pixels))
    return replace(decoded, lossless=_is_lossless(data))


def _is_lossless(webp: bytes) -> bool:
    """Whether the first picture lies in a RIFF chunk VP8L."""
    at = 12
    while at + 8 <= len(webp):
        name, size = struct.unpack_from("<4sI", webp, at)
        if name in (b"VP8 ", b"VP8L"):
            return name == b"VP8L"
        at += 24 if name == b"ANMF" else 8 + size + size % 2  # a frame has chunks of its own
    return False


def _read_gif(data: bytes, max_pixels: int) -> Decoded:
    return decode_frame(opened(GifImagePlugin.GifImageFile, data, max_pixels))


def _read_bmp(data: bytes, max_pixels: int) -> Decoded:
    return decode(opened(BmpImagePlugin.BmpImageFile, data, max_pixels))


def _read_avif(data: bytes, max_pixels: int) -> Decoded:
    """AVIF: metadata through Pillow; pixels too, unless they have more than its 8 bits."""
    decoded = decode_frame(opened(AvifImagePlugin.AvifImageFile, data, max_pixels))
    if decoded.icc_profile is None:
        decoded = replace(decoded, notes=(*decoded.notes, *_nclx_notes(data)))
    box = data.find(b"av1C")
    depth = data[box + 6] if 0 <= box < len(data) - 6 else 0
    if not depth & 0x40:  # high_bitdepth (AV1 Codec ISO Media File Format Binding, section 2.3.3)
        return decoded
    codes = np.atleast_3d(imagecodecs.avif_decode(data, index=0))
    top = 4095 if depth & 0x20 else 1023  # twelve_bit
    return replace(decoded, codes=codes, top=top, bits=16)


def _nclx_notes(avif: bytes) -> tuple[str, ...]:
    """On the first colour box that gives its space by numbers (ISO/IEC 14496-12, 12.1.5)."""
    box = avif.find(b"colrnclx")
    if not 0 <= box <= len(avif) - 12:
        return ()
    return cicp_notes(*struct.unpack_from(">HH", avif, box + 8))


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the codecs' own remarks on damaged metadata from the user, who is told in the notes.

    Warning filters belong to the whole process. Each call puts in one filter of its own and takes
    one out of the same list, so that threads may read at the same time and overlap in any order
    (:func:`warnings.catch_warnings` would put back a list in which another thread's is missing).
    """
    filters = cast("list[object]", warnings.filters)
    log, thread = logging.getLogger("tifffile"), threading.get_ident()

    def of_others(record: logging.LogRecord) -> bool:
        return record.thread != thread

    filters.insert(0, _SILENCE)
    log.addFilter(of_others)
    try:
        yield
    finally:
        log.removeFilter(of_others)
        with suppress(ValueError):  # someone has emptied the list
            filters.remove(_SILENCE)
