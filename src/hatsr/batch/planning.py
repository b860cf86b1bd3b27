"""From an input to its database: which pictures there are, how large they are, where results go.

Only headers are read, and nothing is kept in memory, so that a million pictures are no more than
a few.
"""

import codecs
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path, PurePath, PurePosixPath

from hatsr import image, video
from hatsr.batch.database.job_database import JobDatabase
from hatsr.batch.database.records import PictureRecord, State
from hatsr.batch.finding import LISTED, RESULT, UNREADABLE, LeftOut, PictureFile
from hatsr.batch.outputs import Output, target_of
from hatsr.batch.stores import DiskStore, FileFacts, Store, open_store
from hatsr.batch.stores.store import ending_of

CLIP = "moving pictures take long; enlarge them with hatsr upscale"
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
        ValueError: it does, or there is no input, or the input is one picture.
    """
    if isinstance(source, str):
        return
    if not source.exists():
        raise ValueError(f"input must be a folder or a manifest, got {source}, which is not there")
    if not source.is_dir() and ending_of(source.name) in LISTED:
        kind = "clip" if ending_of(source.name) in video.CLIPS else "picture"
        raise ValueError(
            f"input must be a folder or a manifest, and {source} is one {kind}; use hatsr upscale"
        )
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
    failed: Callable[[PictureRecord], None],
) -> LeftOut:
    """Note the pictures of a folder or a manifest; those that are known as they are stay.

    Clips, kinds that cannot be read and results of earlier runs that lie in a folder are left out,
    as `find_pictures` does.

    Args:
        database: where.
        source: a folder or an address, or a text file with a path on each line, relative to its
            own folder.
        output: how results are written.
        suffix: of the results' names, such as ``_x4``.
        progress: told how many were looked at so far.
        failed: told of each that cannot be enlarged.

    Returns:
        What was left out.

    Raises:
        OSError: the folder or the manifest cannot be read.
        ValueError: the manifest is no text.
    """
    store = input_store(source)
    manifest = source if isinstance(source, Path) and not source.is_dir() else None
    planner = Planner(
        database=database,
        source=store,
        output=output,
        suffix=suffix,
        is_named=manifest is not None,
        failed=failed,
    )
    found = _listed(manifest) if manifest else store.pictures(database.results, planner.left_out)
    done = 0
    while some := list(islice(found, _TOGETHER)):
        with database.transaction():
            for name, facts in some:
                planner.plan(name, facts)
        done += len(some)
        progress(done)
    return planner.left_out


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
    is_named: bool
    """A manifest names the pictures; nothing is left out."""
    failed: Callable[[PictureRecord], None]
    """Is told of each that fails."""
    left_out: LeftOut = field(default_factory=LeftOut)

    def plan(self, name: str, facts: FileFacts | None) -> None:
        """Note a picture, unless it is known as it is, or is left out.

        Args:
            name: in its store.
            facts: of its file, where they were listed with it.
        """
        unfit = _unfit(name)
        if unfit and not self.is_named:
            self.left_out.add(name, unfit)
            return
        target = self._target(name)
        facts, why = (facts, "") if facts else self._facts(name)
        if unfit == CLIP or facts is None:
            reason = why or f"{self.source.where(name)}: {unfit}"
            self._note(
                PictureRecord(
                    source=name, target=target, bytes=0, mtime=0, state="failed", reason=reason
                )
            )
            return
        if self.database.is_known(name, facts):
            return
        if not self.is_named and self.source.is_result(name):
            self.left_out.add(name, RESULT)
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
        self._note(record)

    def _note(self, record: PictureRecord) -> None:
        record = self.database.plan(record)
        if record.state == "failed":
            self.failed(record)

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


def _unfit(name: str) -> str:
    """Why a file of such a name cannot be enlarged; empty: it may be."""
    ending = ending_of(name)
    return CLIP if ending in video.CLIPS else UNREADABLE if ending in image.UNREADABLE_KINDS else ""
