"""A folder on a disk."""

import errno
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hatsr import image
from hatsr.batch.finding import LeftOut, is_result
from hatsr.batch.stores.store import FileFacts, Store, is_listed
from hatsr.files import check_replaceable, naming, remove_leftovers, sync, temporary_name

_STOPPING = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EFBIG}
"""Errors of writing that the next picture would meet, too."""


class DiskStore:
    """A folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def pictures(self, skipped: Store, left_out: LeftOut) -> Iterator[tuple[str, FileFacts | None]]:
        """See `Store`; passes over what `hatsr.image.list_pictures` does."""
        other = skipped.root.resolve() if isinstance(skipped, DiskStore) else None
        yield from ((name, None) for name in _Walk(self.root, other, left_out).names())

    def where(self, name: str) -> Path:
        """See `Store`."""
        return self.root / name

    def facts(self, name: str) -> FileFacts:
        """See `Store`."""
        found = (self.root / name).stat()
        if not stat.S_ISREG(found.st_mode):  # reading a pipe would never end
            raise OSError("must be a file, got a folder, a pipe or a device")
        return FileFacts(found.st_size, found.st_mtime_ns)

    def has(self, name: str) -> bool:
        """See `Store`."""
        return (self.root / name).exists()

    def size(self, name: str) -> tuple[int, int]:
        """See `Store`."""
        return image.header_size(self.root / name) or (0, 0)

    def is_result(self, name: str) -> bool:
        """See `Store`."""
        return is_result(self.root / name)

    def open(self, name: str) -> Path:
        """See `Store`."""
        return self.root / name

    def would_replace(self, name: str, other: Path | str) -> bool:
        """See `Store`."""
        place = self.root / name
        return isinstance(other, Path) and (place.is_symlink() or place.samefile(other))

    def prepare(self, name: str) -> None:
        """See `Store`; makes the folder."""
        (self.root / name).parent.mkdir(parents=True, exist_ok=True)
        check_replaceable(self.root / name)

    def write(self, name: str, data: bytes) -> tuple[str, str | None]:
        """See `Store`."""
        path = self.root / name
        part = temporary_name(path)
        with naming(path, part):
            try:
                part.write_bytes(data)
                sync(part)
            except BaseException:
                part.unlink(missing_ok=True)
                raise
        return part.name, _stamp(part)

    def commit(self, name: str, part: str) -> None:
        """See `Store`."""
        path = Path(os.path.realpath(self.root / name))
        (path.parent / part).replace(path)
        sync(path.parent)

    def stamp(self, name: str) -> str | None:
        """See `Store`."""
        return _stamp(self.root / name)

    def remove_parts(self, name: str) -> None:
        """See `Store`."""
        remove_leftovers(self.root / name)

    def is_stopping(self, error: OSError) -> bool:
        """See `Store`."""
        return error.errno in _STOPPING or not os.access(self.root, os.W_OK)


def _stamp(path: Path) -> str | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return f"{found.st_size} {found.st_mtime_ns}"


@dataclass(frozen=True, slots=True)
class _Walk:
    """The way through a folder; only the names of one folder at a time are kept."""

    root: Path
    skipped: Path | None
    """A folder to stay out of."""
    left_out: LeftOut
    """Gets the subfolders that cannot be read."""

    def names(self, below: str = "", above: tuple[Path, ...] = ()) -> Iterator[str]:
        """Names of the files to list, with the folder that they lie in."""
        place = (self.root / below).resolve()
        if place in above or place == self.skipped:
            return
        try:
            files, folders = _names(place)
        except OSError as error:
            if not below:
                raise
            self.left_out.add(below, f"folder cannot be read: {error.strerror}")
            return
        yield from (f"{below}{name}" for name in files)
        for name in folders:
            yield from self.names(f"{below}{name}/", (*above, place))


def _names(place: Path) -> tuple[list[str], list[str]]:
    """The files to list and the folders in a folder, sorted."""
    files, folders = [], []
    with os.scandir(place) as records:
        for record in records:
            if _is_folder(record) and not record.name.startswith("."):
                folders.append(record.name)
            elif is_listed(record.name):
                files.append(record.name)
    return sorted(files), sorted(folders)


def _is_folder(record: os.DirEntry[str]) -> bool:
    try:
        return record.is_dir()
    except OSError:  # a link to itself
        return False
