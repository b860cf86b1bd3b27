"""Which files of a folder are pictures: the one list of endings, and the one way to look."""

from collections.abc import Container, Iterator
from contextlib import suppress
from pathlib import Path

from hatsr.image.writing import FORMATS

READABLE = frozenset(FORMATS) | {".bmp", ".gif", ".ppm", ".pgm", ".jfif", ".mpo"}
"""Endings, in small letters, of files that are taken from a folder."""
UNREADABLE_KINDS = frozenset({".heic", ".heif", ".jxl", ".jp2", ".tga", ".psd", ".raw", ".dng"})
"""Endings of pictures that cannot be read here, to be mentioned when a folder holds some."""


def list_pictures(folder: Path, *, recursive: bool) -> list[Path]:
    """Pictures of a folder by their ending, sorted by path.

    Hidden files, and all that lies below hidden folders (thumbnails, checkpoints of notebooks),
    are passed over; `folder` itself may be hidden.

    Args:
        folder: where to look.
        recursive: whether subfolders are looked into.

    Raises:
        OSError: the folder is not there or cannot be read.
    """
    return list_ending(folder, READABLE, recursive=recursive)


def list_unreadable(folder: Path, *, recursive: bool) -> list[Path]:
    """Pictures of kinds that cannot be read here, for a note; see `list_pictures`."""
    return list_ending(folder, UNREADABLE_KINDS, recursive=recursive)


def list_ending(folder: Path, endings: Container[str], *, recursive: bool) -> list[Path]:
    """Files with one of some endings, in small letters; see `list_pictures`."""
    return [path for path in _visible(folder, recursive) if path.suffix.lower() in endings]


def _visible(folder: Path, recursive: bool, above: tuple[Path, ...] = ()) -> Iterator[Path]:
    """Files that are not hidden, by path; a closed subfolder, or a link back up, is passed over."""
    place = folder.resolve()
    if place in above:
        return
    for path in sorted(folder.iterdir()):
        if path.name.startswith("."):
            continue
        if path.is_file():
            yield path
        elif recursive and path.is_dir():
            with suppress(PermissionError):
                yield from _visible(path, recursive, (*above, place))
