"""Any file -> picture: by its content, never by its name."""

import logging
import os
import re
import threading
import warnings
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol, cast, runtime_checkable

from PIL import Image

from hatsr.image.bitstreams.png_chunks import MAGIC, size_of
from hatsr.image.codecs.avif import read_avif
from hatsr.image.codecs.decoded import MAX_PIXELS, Decoded, to_picture
from hatsr.image.codecs.jpeg import read_jpeg
from hatsr.image.codecs.netpbm import read_netpbm
from hatsr.image.codecs.pillow import read_bmp, read_gif
from hatsr.image.codecs.png import read_png
from hatsr.image.codecs.webp import read_webp
from hatsr.image.errors import PictureError, naming_errors
from hatsr.image.picture import Picture
from hatsr.image.unreadable_formats import is_avif, unreadable_kind

_NAMES = "PNG, JPEG, WebP, TIFF, AVIF, BMP, GIF, PGM or PPM"
TIFF_MAGICS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
"""What TIFF files begin with: of either order, plain or big."""
_HEAD = 1024
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
    data, name = contents(source)
    with naming_errors(name), quiet():
        return to_picture(reader_of(data)(data, max_pixels))


def contents(source: str | os.PathLike[str] | bytes | Readable) -> tuple[bytes, str]:
    """The bytes of the source and what to call it; a file of unknown kind is not read whole."""
    if isinstance(source, bytes):
        return source, "picture in memory"
    if isinstance(source, str | os.PathLike):
        with Path(source).open("rb") as file:
            return contents(file)
    name = str(getattr(source, "name", "picture in an open file"))
    head = source.read(_HEAD)
    with naming_errors(name):
        reader_of(head)
    return head + source.read(), name


def header_size(path: Path) -> tuple[int, int] | None:
    """Height and width that a file's header gives, before it is turned upright.

    Nothing is decoded. None where there is no picture that Pillow knows.
    """
    try:
        with path.open("rb") as file:
            found = size_of(file.read(24))
            if found is not None:
                return found
            file.seek(0)
            with quiet(), Image.open(file) as image:
                return image.height, image.width
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None


def reader_of(data: bytes) -> Callable[[bytes, int], Decoded]:
    """The function that reads the format with which the bytes begin."""
    if not data:
        raise PictureError("file is empty; get it again")
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return read_webp
    if is_avif(data[:_HEAD]):
        return read_avif
    if data.startswith(TIFF_MAGICS):
        from hatsr.image.codecs.tiff import read_tiff  # long to import: for TIFF alone

        return read_tiff
    readers: dict[bytes, Callable[[bytes, int], Decoded]] = {
        MAGIC: read_png,
        b"\xff\xd8\xff": read_jpeg,
        b"GIF8": read_gif,
        b"BM": read_bmp,
        b"P5": read_netpbm,
        b"P6": read_netpbm,
    }
    for magic, reader in readers.items():
        if data.startswith(magic):
            return reader
    kind, advice = unreadable_kind(data[:_HEAD])
    raise PictureError(f"file must be {_NAMES}, got {kind}; {advice}")


@contextmanager
def quiet() -> Generator[None, None, None]:
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
