"""Any file -> its frames or pages: as a player would show them, one at a time."""

import os
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

import numpy as np
from jaxtyping import UInt8
from PIL import AvifImagePlugin, GifImagePlugin, ImageFile, PngImagePlugin, WebPImagePlugin

from hatsr.image.bitstreams.png_chunks import ANIMATION, MAGIC, PIXELS, is_animated, sound_chunks
from hatsr.image.codecs.decoded import MAX_PIXELS, Decoded, to_picture
from hatsr.image.codecs.pillow import open_header
from hatsr.image.errors import PictureError, naming_errors
from hatsr.image.reading import TIFF_MAGICS, Readable, contents, quiet, reader_of
from hatsr.image.sequences.sequence import PictureFrame, PictureSequence
from hatsr.image.unreadable_formats import is_avif

_HEAD = 1024
"""Bytes at the beginning by which a format is known."""
_MOST_UNDER = 65535
"""Largest denominator of a time, seconds: what APNG has room for."""


def read_sequence(
    source: str | os.PathLike[str] | bytes | Readable,
    *,
    max_pixels: int = MAX_PIXELS,
    first_frame: bool = False,
) -> PictureSequence:
    """The frames of an animated GIF, WebP, PNG or AVIF, or the pages of a TIFF.

    Frames are whole: what each leaves of the ones before is composed. They are gone through once
    before, so that damage is found before anything is made of them. One is in memory at a time.

    Args:
        source: any picture, as `read` takes it; a plain one is a sequence of one.
        max_pixels: largest frame to accept, height x width; checked before anything is decoded.
        first_frame: take any file for a plain picture, its first frame or page.

    Raises:
        PictureError: damaged, cut short, too large, or not a picture; names the file.
        OSError: the file cannot be opened.
    """
    data, name = contents(source)
    if not first_frame:
        with naming_errors(name), quiet():
            found = _several(name, data, max_pixels)
        if found:
            return found

    def frames() -> Iterator[PictureFrame]:
        with naming_errors(name), quiet():
            yield PictureFrame(picture=to_picture(reader_of(data)(data, max_pixels)))

    return PictureSequence(kind="pages", count=1, plays=1, frames=frames)


def _several(name: str, data: bytes, max_pixels: int) -> PictureSequence | None:
    """The frames or pages, if there are more than one."""
    if data.startswith(TIFF_MAGICS):
        return _pages(name, data, max_pixels)
    kind = _animated_kind(data)
    return kind and _animation(name, data, kind, max_pixels)


def _animated_kind(data: bytes) -> type[ImageFile.ImageFile] | None:
    """Pillow's reader of a file that may be animated."""
    if data.startswith(MAGIC):
        return PngImagePlugin.PngImageFile if is_animated(data) else None
    if data.startswith(b"GIF8"):
        return GifImagePlugin.GifImageFile
    if data[:4] == b"RIFF" and data[8:16] == b"WEBPVP8X":
        return WebPImagePlugin.WebPImageFile
    return AvifImagePlugin.AvifImageFile if is_avif(data[:_HEAD]) else None


def _animation(
    name: str, data: bytes, kind: type[ImageFile.ImageFile], max_pixels: int
) -> PictureSequence | None:
    """None: there is one frame only."""
    pixels = data
    if data.startswith(MAGIC):  # metadata that is damaged must not keep Pillow from the frames
        parts = (part for name, part in sound_chunks(data)[0] if name in PIXELS + ANIMATION)
        pixels = b"".join((MAGIC, *parts))
    image = open_header(kind, pixels, max_pixels)
    hidden = bool(getattr(image, "default_image", False))
    count = getattr(image, "n_frames", 1) - hidden
    if count == 1:
        return None
    facts = reader_of(data)(data, max_pixels)
    if facts.bits > 8:
        raise PictureError(
            "animation must have 8 bits per channel, got more; convert it, or give --first-frame"
        )

    def shown() -> Iterator[tuple[UInt8[np.ndarray, "h w 4"], Fraction]]:
        with naming_errors(name), quiet():
            yield from _shown(open_header(kind, pixels, max_pixels), hidden)

    opacity = 255
    for rgba, _ in shown():
        opacity = min(opacity, int(rgba[..., 3].min()))

    def frames() -> Iterator[PictureFrame]:
        for rgba, seconds in shown():
            decoded = _with_codes(facts, rgba, opacity < 255)
            yield PictureFrame(picture=to_picture(decoded), seconds=seconds)

    notes = ("the picture for viewers without animation is left out",) if hidden else ()
    plays = _plays(image)
    return PictureSequence(kind="animation", count=count, plays=plays, frames=frames, notes=notes)


def _plays(image: ImageFile.ImageFile) -> int:
    """How often a player shows all frames; 0: for ever. GIF counts what follows the first time."""
    loop = image.info.get("loop")
    if image.format != "GIF":
        return int(loop or 0)
    return 1 if loop is None else 0 if loop == 0 else int(loop) + 1


def _shown(
    image: ImageFile.ImageFile, hidden: bool
) -> Iterator[tuple[UInt8[np.ndarray, "h w 4"], Fraction]]:
    """Frames as they are seen, and for how many seconds each."""
    for index in range(hidden, getattr(image, "n_frames", 1)):
        image.seek(index)
        rgba = np.asarray(image.convert("RGBA"))
        seconds = Fraction(image.info.get("duration", 0)) / 1000
        yield rgba, seconds.limit_denominator(_MOST_UNDER)


def _with_codes(facts: Decoded, rgba: UInt8[np.ndarray, "h w 4"], has_alpha: bool) -> Decoded:
    """A frame's codes with what the file says."""
    colours = 1 if facts.codes.shape[2] <= 2 else 3
    codes = rgba[..., [*range(colours), *([3] if has_alpha else [])]]
    notes = tuple(note for note in facts.notes if not note.startswith("animation:"))
    return replace(facts, codes=codes, max_code=255, notes=notes)


def _pages(name: str, data: bytes, max_pixels: int) -> PictureSequence | None:
    """None: there is one page only."""
    from hatsr.image.codecs.tiff import count_pages, page_numbers, read_tiff  # long to import

    if count_pages(data) <= 1:
        return None
    numbers, left_out = page_numbers(data)

    def frames() -> Iterator[PictureFrame]:
        with naming_errors(name), quiet():
            for number in numbers:
                decoded = read_tiff(data, max_pixels, number)
                notes = tuple(note for note in decoded.notes if not note.startswith("page "))
                yield PictureFrame(picture=to_picture(replace(decoded, notes=notes)))

    for _ in frames():
        pass
    notes = (f"{left_out} previews or masks are left out",) if left_out else ()
    return PictureSequence(kind="pages", count=len(numbers), plays=1, frames=frames, notes=notes)
