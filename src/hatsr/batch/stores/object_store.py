"""Files of an object store, by fsspec."""

import hashlib
import io
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from hatsr.batch.finding import LeftOut
from hatsr.batch.stores.disk_store import DiskStore
from hatsr.batch.stores.store import FileFacts, Store, is_listed
from hatsr.image import Readable

_VERSIONS = ("ETag", "etag", "md5Hash", "mtime", "LastModified", "last_modified", "created")
"""What stores call that by which a change of an object is seen, the surest first."""


class ObjectStore:
    """What lies below an address that fsspec knows; its files appear whole or not at all.

    Pictures are known by the lists of the store, without their headers.

    Raises:
        ValueError: nobody knows such an address, or a package for it is missing.
    """

    def __init__(self, address: str) -> None:
        import fsspec

        self.address = address.rstrip("/")
        self._listed: tuple[str, set[str]] = ("", set())
        try:
            self.files, self.root = cast(Any, fsspec.url_to_fs(self.address))
        except (ImportError, ValueError) as error:
            raise ValueError(
                f"address must be one that fsspec knows here, got {address} ({error})"
            ) from error

    def pictures(self, skipped: Store, left_out: LeftOut) -> Iterator[tuple[str, FileFacts | None]]:
        """See `Store`."""
        other = skipped.root if isinstance(skipped, ObjectStore) else None
        with self._named(self.address):
            for folder, folders, files in self.files.walk(self.root, detail=True):
                below = folder[len(self.root) :].strip("/")
                for name in [name for name in folders if name.startswith(".")]:
                    del folders[name]
                if folder.rstrip("/") == other or not files:
                    continue
                for name, info in sorted(files.items()):
                    if is_listed(name):
                        yield (f"{below}/{name}" if below else name), _facts(info)

    def where(self, name: str) -> str:
        """See `Store`."""
        return f"{self.address}/{name}"

    def facts(self, name: str) -> FileFacts:
        """See `Store`."""
        with self._named(name):
            self.files.invalidate_cache(self._path(name))
            return _facts(self.files.info(self._path(name)))

    def has(self, name: str) -> bool:
        """See `Store`; a list is kept until another folder is asked for."""
        folder, _, _ = self._path(name).rpartition("/")
        if self._listed[0] != folder:
            with self._named(name):
                self.files.invalidate_cache(folder)
                try:
                    self._listed = folder, set(self.files.ls(folder, detail=False))
                except FileNotFoundError:
                    self._listed = folder, set()
        return self._path(name) in self._listed[1]

    def size(self, name: str) -> tuple[int, int]:
        """See `Store`: a request for each picture would take longer than many of them."""
        return 0, 0

    def is_result(self, name: str) -> bool:
        """See `Store`: not known."""
        return False

    def open(self, name: str) -> Readable:
        """See `Store`."""
        with self._named(name):
            return NamedBytes(self.files.cat_file(self._path(name)), self.where(name))

    def would_replace(self, name: str, other: Path | str) -> bool:
        """See `Store`."""
        return self.where(name) == other

    def prepare(self, name: str) -> None:
        """See `Store`: any name can be written to."""

    def write(self, name: str, data: bytes) -> tuple[None, str | None]:
        """See `Store`."""
        with self._named(name):
            self.files.pipe_file(self._path(name), data)
        return None, self.stamp(name)

    def commit(self, name: str, part: str) -> None:
        """See `Store`: there are none."""

    def stamp(self, name: str) -> str | None:
        """See `Store`."""
        try:
            found = self.facts(name)
        except FileNotFoundError:
            return None
        return f"{found.bytes} {found.mtime}"

    def remove_parts(self, name: str) -> None:
        """See `Store`: there are none."""

    def is_stopping(self, error: OSError) -> bool:
        """See `Store`."""
        return isinstance(error, PermissionError)

    def _path(self, name: str) -> str:
        return f"{self.root}/{name}"

    @contextmanager
    def _named(self, name: str) -> Generator[None, None, None]:
        """Trouble with the store's own errors is an `OSError` that names the file."""
        try:
            yield
        except (OSError, ValueError):
            raise
        except Exception as error:
            raise OSError(f"{self.where(name)}: {error}") from error


class NamedBytes(io.BytesIO):
    """The bytes of a file that has a name for messages."""

    def __init__(self, data: bytes, name: str) -> None:
        super().__init__(data)
        self.name = name


def _facts(info: Mapping[str, object]) -> FileFacts:
    """By what a store tells of an object."""
    version = next((str(info[key]) for key in _VERSIONS if info.get(key)), "")
    digest = hashlib.blake2b(version.encode(), digest_size=7).digest()
    return FileFacts(int(cast(int, info["size"])), int.from_bytes(digest, "big"))


def open_store(place: Path | str) -> Store:
    """The store at a folder or an address."""
    if isinstance(place, str) and "://" in place:
        return ObjectStore(place)
    return DiskStore(Path(place))
