"""From an input to its books: which pictures there are, how large they are, where results go.

Only headers are read, and nothing is kept in memory, so that a million pictures are no more than
a few.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from hatsr import image
from hatsr.batch.books import Books, Entry, State
from hatsr.batch.finding import PictureFile, is_result
from hatsr.batch.outputs import Output, target_of

_TOGETHER = 1000
"""Pictures that are noted in one transaction."""


def input_root(source: Path) -> Path:
    """The folder that paths in the books are relative to: the input, or that of the manifest."""
    return source if source.is_dir() else source.parent


def check_places(source: Path, folder: Path) -> None:
    """Refuse an output that holds the input.

    Raises:
        ValueError: it does, or there is no input.
    """
    if not source.exists():
        raise ValueError(f"input must be a folder or a manifest, got {source}, which is not there")
    inside = folder.resolve() in (root := source.resolve(), *root.parents)
    if inside and (source.is_dir() or folder.resolve() != source.resolve().parent):
        raise ValueError(
            f"output must not hold the input, got {folder} for {source}; give another folder"
        )


def plan(
    books: Books,
    source: Path,
    output: Output,
    suffix: str,
    progress: Callable[[int], None],
) -> None:
    """Note the pictures of a folder or a manifest; those that are known as they are stay.

    Results of earlier runs that lie in a folder are left out, as `find_pictures` does.

    Args:
        books: where.
        source: a folder, or a text file with a path on each line, relative to its own folder.
        output: where results go: a folder.
        suffix: of the results' names, such as ``_x4``.
        progress: told how many were looked at so far.

    Raises:
        OSError: the folder or the manifest cannot be read.
    """
    is_folder = source.is_dir()
    paths = _walk(source, books.folder.resolve()) if is_folder else _listed(source)
    planner = Planner(
        books=books,
        root=input_root(source),
        output=output,
        suffix=suffix,
        leave_results=is_folder,
    )
    done = 0
    while some := list(islice(paths, _TOGETHER)):
        with books.together():
            for relative in some:
                planner.plan(relative)
        done += len(some)
        progress(done)


def _walk(
    folder: Path, skipped: Path, below: str = "", above: tuple[Path, ...] = ()
) -> Iterator[str]:
    """Paths of pictures relative to a folder; it passes over what `list_pictures` does.

    Only the names of one folder at a time are kept.
    """
    place = (folder / below).resolve()
    if place in above or place == skipped:
        return
    files, folders = _names(place)
    for name in files:
        yield f"{below}{name}"
    for name in folders:
        yield from _walk(folder, skipped, f"{below}{name}/", (*above, place))


def _names(place: Path) -> tuple[list[str], list[str]]:
    """The pictures and the folders in a folder, sorted."""
    files, folders = [], []
    with os.scandir(place) as entries:
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if entry.is_dir():
                folders.append(entry.name)
            elif os.path.splitext(entry.name)[1].lower() in image.READABLE:  # noqa: PTH122
                files.append(entry.name)
    return sorted(files), sorted(folders)


def _listed(manifest: Path) -> Iterator[str]:
    """The lines of a manifest that are not empty."""
    with manifest.open("rb") as lines:
        for line in lines:
            if text := os.fsdecode(line.strip()):
                yield text


@dataclass(frozen=True, kw_only=True, slots=True)
class Planner:
    """Notes pictures one by one."""

    books: Books
    root: Path
    """What their paths are relative to."""
    output: Output
    suffix: str
    leave_results: bool
    """Leave out what earlier runs made."""

    def plan(self, relative: str) -> None:
        """Note a picture, unless it is known as it is, or was made by an earlier run."""
        path, target = self.root / relative, self._target(relative)
        try:
            stat = path.stat()
        except OSError as error:
            why = f"{path}: {error.strerror}"
            self.books.plan(
                Entry(source=relative, target=target, bytes=0, mtime=0, state="failed", reason=why)
            )
            return
        if self.books.is_known(relative, stat) or (self.leave_results and is_result(path)):
            return
        height, width = image.header_size(path) or (0, 0)
        state, reason = self._existing(relative, target)
        entry = Entry(
            source=relative,
            target=target,
            bytes=stat.st_size,
            mtime=stat.st_mtime_ns,
            height=height,
            width=width,
            state=state,
            reason=reason,
        )
        self.books.plan(entry)

    def _target(self, relative: str) -> str:
        """Where the result goes; what lies elsewhere than below the root goes by its name alone."""
        path = Path(relative)
        is_below = not path.is_absolute() and ".." not in path.parts
        picture = PictureFile(self.root / path, path.parent if is_below else Path())
        target = target_of(picture, self.output, self.suffix, alone=False)
        return str(target.relative_to(self.books.folder))

    def _existing(self, relative: str, target: str) -> tuple[State, str]:
        """What a result that is there already means."""
        place = self.books.folder / target
        if not place.exists() or self.books.has_made(relative):
            return "waiting", ""
        if self.output.existing == "skip":
            return "skipped", "exists"
        if self.output.existing == "refuse":
            return "failed", f"{place} exists; give --overwrite or --skip-existing"
        if place.samefile(self.root / relative) or place.is_symlink():
            return "failed", f"output must not replace an input, got {place}; give another output"
        return "waiting", ""
