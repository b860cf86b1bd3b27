"""What a place of files can do: `Store`, the contract of folders and object stores."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from hatsr.batch.finding import LISTED, LeftOut
from hatsr.image import Readable


@dataclass(frozen=True, slots=True)
class FileFacts:
    """Size and time of modification of a file, by which a change is seen."""

    bytes: int
    mtime: int
    """Nanoseconds; of an object a number that its version gives."""


@runtime_checkable
class Store(Protocol):
    """Files by their names, which are relative to one place: ``sub/a.png``."""

    def pictures(
        self, skipped: "Store", left_out: LeftOut
    ) -> Iterator[tuple[str, FileFacts | None]]:
        """Names of pictures, clips and pictures of kinds that cannot be read, by their endings.

        Hidden files are passed over, and what lies in another store.

        Args:
            skipped: the other store.
            left_out: gets the subfolders that cannot be read.
        """
        ...

    def where(self, name: str) -> Path | str:
        """The path or the address of a file."""
        ...

    def facts(self, name: str) -> FileFacts:
        """Of a file as it is now.

        Raises:
            OSError: there is none, or it cannot be looked at.
        """
        ...

    def has(self, name: str) -> bool:
        """Whether there is a file, by the list of its folder where asking for each takes long."""
        ...

    def size(self, name: str) -> tuple[int, int]:
        """Height and width by the header; 0, 0: not known without reading the whole file."""
        ...

    def is_result(self, name: str) -> bool:
        """Whether an earlier run made a file, as far as that is known without reading it."""
        ...

    def open(self, name: str) -> Path | Readable:
        """What `hatsr.image.read` takes."""
        ...

    def would_replace(self, name: str, other: Path | str) -> bool:
        """Whether a file of this name would go to the place of another file."""
        ...

    def prepare(self, name: str) -> None:
        """Refuse a name that could not be written to, before the work for it is done."""
        ...

    def write(self, name: str, data: bytes) -> tuple[str | None, str | None]:
        """Write a file so that it outlasts a loss of power.

        Returns:
            The part file to be given to `commit` (None: it is in its place), and its stamp.
        """
        ...

    def commit(self, name: str, part: str) -> None:
        """Move a part file into its place, so that it is there after a loss of power, too."""
        ...

    def stamp(self, name: str) -> str | None:
        """What a file keeps when it is moved and hardly shares with another; None: not there."""
        ...

    def remove_parts(self, name: str) -> None:
        """Remove part files that nobody will commit."""
        ...

    def is_stopping(self, error: OSError) -> bool:
        """Whether the next file would meet the same error of writing."""
        ...


def is_listed(name: str) -> bool:
    """Whether a store lists a file of this name."""
    return not name.startswith(".") and ending_of(name) in LISTED


def ending_of(name: str) -> str:
    """The ending of a name in small letters, such as ``.png``; much faster than a `Path`."""
    return os.path.splitext(name)[1].lower()  # noqa: PTH122
