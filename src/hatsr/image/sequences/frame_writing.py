"""Frames or pages -> file: one at a time, whole or not at all."""

import io
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from io import BufferedIOBase
from pathlib import Path

from hatsr.files import check_replaceable, replacing
from hatsr.image.errors import PictureError
from hatsr.image.fitting import fit
from hatsr.image.picture import Picture
from hatsr.image.sequences.apng import write_apng
from hatsr.image.sequences.gif_frames import write_gif
from hatsr.image.sequences.sequence import PictureFrame, PictureSequence, SequenceKind
from hatsr.image.sequences.tiff_pages import write_pages
from hatsr.image.sequences.webp_frames import write_webp_frames
from hatsr.image.writing import FORMATS, QUALITY, check_capacity

SEQUENCE_FORMATS = FORMATS | {".gif": "gif"}
"""Endings of files that can be written, with those for animations alone; and their formats."""
_HOLDERS: dict[SequenceKind, tuple[str, ...]] = {
    "animation": ("png", "webp", "gif"),
    "pages": ("tiff",),
}
"""Formats that hold each kind."""
_LONGEST_GIF = 65535
"""Pixels along a side."""
_ADVICE = {"animation": "choose .png, .webp or .gif", "pages": "choose .tif"}


def check_sequence_writable(
    path: str | os.PathLike[str],
    sequence: PictureSequence,
    size: tuple[int, int],
    quality: int | None = None,
) -> str:
    """Refuse a file that could not hold a sequence, before hours are spent on its pixels.

    Args:
        path: where it shall be written.
        sequence: what it shall hold, enlarged.
        size: height and width of its first frame or page, HR pixels.
        quality: 1 to 100 for WebP; passed over where the format has none.

    Returns:
        The format: png, webp, gif or tiff.

    Raises:
        PictureError: the format holds one picture only, not this kind, or not this size.
        OSError: as `hatsr.files.check_replaceable`.
    """
    ending = Path(path).suffix.lower()
    kind = SEQUENCE_FORMATS.get(ending, ending)
    check_sequence_encodable(kind, sequence, size, quality)
    check_replaceable(path)
    return kind


def check_sequence_encodable(
    kind: str, sequence: PictureSequence, size: tuple[int, int], quality: int | None = None
) -> None:
    """Refuse what a format cannot hold, as `check_sequence_writable`, wherever the file will be.

    Raises:
        PictureError: as `check_sequence_writable`.
    """
    if kind not in _HOLDERS[sequence.kind]:
        words = f"{sequence.count} {'frames' if sequence.kind == 'animation' else 'pages'}"
        raise PictureError(
            f"{kind} cannot hold {words} of {_named(sequence)}; {_ADVICE[sequence.kind]}, or give "
            "--first-frame"
        )
    if quality is not None and kind in QUALITY and not 1 <= quality <= 100:
        raise PictureError(f"quality must be 1 to 100, got {quality}")
    if kind != "gif":
        check_capacity(kind, size, False)
    elif max(size) > _LONGEST_GIF:
        raise PictureError(
            f"sides of a gif file must be at most {_LONGEST_GIF}, got {size[0]} x {size[1]}; "
            "choose .png"
        )


def _named(sequence: PictureSequence) -> str:
    return "an animation" if sequence.kind == "animation" else "a document"


def write_sequence(
    path: str | os.PathLike[str],
    sequence: PictureSequence,
    frames: Iterable[PictureFrame],
    *,
    quality: int | None = None,
    software: str | None = None,
) -> tuple[str, ...]:
    """Write frames or pages as they come; the file appears whole or not at all.

    Args:
        path: the file; its ending says the format.
        sequence: what the frames were made of.
        frames: what to write.
        quality: 1 to 100 for WebP; None: 95, or without loss if the source was.
        software: what made them.

    Returns:
        What the format cannot hold and is left out, in words.

    Raises:
        PictureError: they do not fit.
        OSError: the file cannot be written; an existing one is left as it was.
    """
    kind = SEQUENCE_FORMATS[Path(path).suffix.lower()]
    with replacing(Path(path)) as part, part.open("wb") as file:
        fitted = Fitted(frames, kind)
        _writer(kind, sequence, quality, software)(file, iter(fitted))
    return tuple(fitted.lost)


def encode_sequence(
    kind: str,
    sequence: PictureSequence,
    frames: Iterable[PictureFrame],
    *,
    quality: int | None = None,
    software: str | None = None,
) -> tuple[bytes, tuple[str, ...]]:
    """The bytes of the file that `write_sequence` would write, and what is left out."""
    file, fitted = io.BytesIO(), Fitted(frames, kind)
    _writer(kind, sequence, quality, software)(file, iter(fitted))
    return file.getvalue(), tuple(fitted.lost)


class Fitted:
    """Frames without what a format cannot hold.

    Args:
        frames: as they are.
        kind: the format.
    """

    def __init__(self, frames: Iterable[PictureFrame], kind: str) -> None:
        self.frames, self.kind = frames, kind
        self.lost: dict[str, None] = {}

    def __iter__(self) -> Iterator[PictureFrame]:
        """Each in turn; what it loses is noted."""
        for frame in self.frames:
            fitting = (
                _as_gif(frame.picture) if self.kind == "gif" else fit(frame.picture, self.kind)
            )
            self.lost.update(dict.fromkeys(fitting[1]))
            yield replace(frame, picture=fitting[0])


def _as_gif(picture: Picture) -> tuple[Picture, tuple[str, ...]]:
    """A picture as GIF holds it: pixels alone, few colours, clear or not; and what is lost."""
    fields = picture.icc_profile, picture.exif, picture.xmp, picture.iptc, picture.dpi, picture.text
    words = ["colours are reduced to 256 a frame"]
    words += ["colour profile and metadata"] if any(fields) else []
    return picture, tuple(words)


def _writer(
    kind: str, sequence: PictureSequence, quality: int | None, software: str | None
) -> Callable[[BufferedIOBase, Iterator[PictureFrame]], None]:
    plays = sequence.plays

    def webp(file: BufferedIOBase, frames: Iterator[PictureFrame]) -> None:
        first = next(frames)
        chosen = None if first.picture.lossless and quality is None else quality or QUALITY["webp"]
        write_webp_frames(file, _chained(first, frames), plays, software, chosen)

    return {
        "png": lambda file, frames: write_apng(file, frames, sequence.count, plays, software),
        "gif": lambda file, frames: write_gif(file, frames, plays),
        "tiff": lambda file, frames: write_pages(file, frames, software),
        "webp": webp,
    }[kind]


def _chained(first: PictureFrame, others: Iterator[PictureFrame]) -> Iterator[PictureFrame]:
    yield first
    yield from others
