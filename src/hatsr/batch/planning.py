"""From an input to its database: which pictures there are, how large they are, where results go.

Only headers are read, and nothing is kept in memory, so that a million pictures are no more than
a few.
"""

import codecs
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path, PurePath, PurePosixPath

from hatsr.batch.database.job_database import JobDatabase
from hatsr.batch.database.records import PictureRecord, State
from hatsr.batch.finding import PictureFile
from hatsr.batch.outputs import Output, target_of
from hatsr.batch.stores import DiskStore, FileFacts, Store, open_store

_TOGETHER = 1000
"""Pictures that are noted in one transaction."""


def input_store(source: Path | str) -> Store:
    """What names in the database are relative to: the input, or the folder of the manifest.

    Raises:
        ValueError: an address that cannot be used here.
    """
    store = open_store(source)
    if isinstance(store, DiskStore) and not store.root.is_dir():
        return DiskStore(store.root.parent)
    return store


def check_places(source: Path | str, folder: Path) -> None:
    """Refuse an output that holds the input.

    Raises:
        ValueError: it does, or there is no input.
    """
    if isinstance(source, str):
        return
    if not source.exists():
        raise ValueError(f"input must be a folder or a manifest, got {source}, which is not there")
    inside = folder.resolve() in (root := source.resolve(), *root.parents)
    if inside and (source.is_dir() or folder.resolve() != source.resolve().parent):
        raise ValueError(
            f"output must not hold the input, got {folder} for {source}; give another folder"
        )


def plan(
    database: JobDatabase,
    source: Path | str,
    output: Output,
    suffix: str,
    progress: Callable[[int], None],
) -> None:
    """Note the pictures of a folder or a manifest; those that are known as they are stay.

    Results of earlier runs that lie in a folder are left out, as `find_pictures` does.

    Args:
        database: where.
        source: a folder or an address, or a text file with a path on each line, relative to its
            own folder.
        output: how results are written.
        suffix: of the results' names, such as ``_x4``.
        progress: told how many were looked at so far.

    Raises:
        OSError: the folder or the manifest cannot be read.
        ValueError: the manifest is no text.
    """
    store = input_store(source)
    manifest = source if isinstance(source, Path) and not source.is_dir() else None
    found = _listed(manifest) if manifest else store.pictures(database.results)
    planner = Planner(
        database=database,
        source=store,
        output=output,
        suffix=suffix,
        leave_results=manifest is None,
    )
    done = 0
    while some := list(islice(found, _TOGETHER)):
        with database.transaction():
            for name, facts in some:
                planner.plan(name, facts)
        done += len(some)
        progress(done)


def _listed(manifest: Path) -> Iterator[tuple[str, None]]:
    """The lines of a manifest that are not empty, without the mark that some editors begin with.

    Raises:
        ValueError: it is no text in UTF-8.
    """
    with manifest.open("rb") as lines:
        for number, line in enumerate(lines):
            name = (line.removeprefix(codecs.BOM_UTF8) if number == 0 else line).strip()
            if b"\0" in name:
                raise ValueError(
                    "manifest must be a text in UTF-8 with a path on each line, got a zero byte in "
                    f"line {number + 1} of {manifest}; save it as UTF-8, or name a folder"
                )
            if name:
                yield str(PurePath(os.fsdecode(name))), None


@dataclass(frozen=True, kw_only=True, slots=True)
class Planner:
    """Adds pictures to the database, each with its result's name and its state."""

    database: JobDatabase
    source: Store
    output: Output
    suffix: str
    leave_results: bool
    """Leave out what earlier runs made."""

    def plan(self, name: str, facts: FileFacts | None) -> None:
        """Note a picture, unless it is known as it is, or was made by an earlier run.

        Args:
            name: in its store.
            facts: of its file, where they were listed with it.
        """
        target = self._target(name)
        facts, why = (facts, "") if facts else self._facts(name)
        if facts is None:
            self.database.plan(
                PictureRecord(
                    source=name, target=target, bytes=0, mtime=0, state="failed", reason=why
                )
            )
            return
        if self.database.is_known(name, facts) or (
            self.leave_results and self.source.is_result(name)
        ):
            return
        height, width = self.source.size(name)
        state, reason = self._existing(name, target)
        record = PictureRecord(
            source=name,
            target=target,
            bytes=facts.bytes,
            mtime=facts.mtime,
            height=height,
            width=width,
            state=state,
            reason=reason,
        )
        self.database.plan(record)

    def _facts(self, name: str) -> tuple[FileFacts | None, str]:
        """Of a file, or why there are none."""
        try:
            return self.source.facts(name), ""
        except OSError as error:
            return None, f"{self.source.where(name)}: {error.strerror or error}"

    def _target(self, name: str) -> str:
        """Where the result goes; what lies elsewhere than below the root goes by its name alone."""
        path = PurePosixPath(name)
        is_below = not path.is_absolute() and ".." not in path.parts
        picture = PictureFile(Path(name), Path(path.parent) if is_below else Path())
        output = Output(place=Path(), ending=self.output.ending)
        return target_of(picture, output, self.suffix, alone=False).as_posix()

    def _existing(self, name: str, target: str) -> tuple[State, str]:
        """What a result that is there already means."""
        results = self.database.results
        if not results.has(target) or self.database.is_result_current(name):
            return "waiting", ""
        place = results.where(target)
        if self.output.existing == "skip":
            return "skipped", "exists"
        if self.output.existing == "refuse":
            return "failed", f"{place} exists; give --overwrite or --skip-existing"
        if results.would_replace(target, self.source.where(name)):
            return "failed", f"output must not replace an input, got {place}; give another output"
        return "waiting", ""
