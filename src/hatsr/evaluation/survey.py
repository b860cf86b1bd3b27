"""A look at a test set before it is used: what is there, missing, altered, extra or broken."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from hatsr.evaluation.pictures import digest, picture_files, read_codes
from hatsr.evaluation.sets import (
    BENCHMARKS,
    Known,
    find_benchmark,
    hr_folder,
    known_pictures,
    locate,
)
from hatsr.image import PictureError


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """A picture of a set that can be used."""

    name: str
    path: Path
    altered: str = ""
    """How it differs from the known copy, where one is known."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Survey:
    """What was found of a set."""

    name: str
    folder: Path
    """Holds the HR pictures."""
    expected: int | None
    """Pictures the set has; None for a folder of the user's."""
    entries: tuple[Entry, ...]
    checked: bool = False
    """The checksums of the set's pictures are known."""
    missing: tuple[str, ...] = ()
    """Known pictures that are not there."""
    extra: tuple[str, ...] = ()
    """Files that do not belong to the set and are left out."""
    unreadable: Mapping[str, str] = field(default_factory=dict)
    """What is wrong, by file name."""

    @property
    def home(self) -> Path:
        """The folder of the set, which may hold LR folders beside `HR`."""
        return self.folder.parent if self.folder.name == "HR" else self.folder

    @property
    def complete(self) -> bool:
        """Every picture is there and readable, so that the mean is comparable."""
        return not self.unreadable and self.expected in (None, len(self.entries))

    def status(self) -> str:
        """How many pictures there are, and whether their checksums match."""
        genuine = self.checked and not any(entry.altered for entry in self.entries)
        belong = "" if self.expected is None else f" of {self.expected}"
        matched = ", checksums match" if genuine else ""
        return f"{self.name}: {len(self.entries)}{belong} pictures{matched}"

    def remarks(self) -> list[str]:
        """What a reader of the mean must know, one sentence each."""
        said = [f"{name} cannot be read: {why}" for name, why in self.unreadable.items()]
        if self.missing:
            said.append(f"missing: {_some(self.missing)}")
        if self.extra:
            said.append(f"not of the set, left out: {_some(self.extra)}")
        if self.expected is not None and len(self.entries) > self.expected:
            said.append(f"{len(self.entries)} pictures found where {self.expected} belong")
        altered = [f"{entry.name} ({entry.altered})" for entry in self.entries if entry.altered]
        if altered:
            said.append(f"other copies than ours: {_some(altered)}")
        if not self.complete:
            total = self.expected or len(self.entries) + len(self.unreadable)
            said.append(f"only {len(self.entries)} of {total}: not comparable with published means")
        return [f"{self.name}: {sentence}" for sentence in said]


def _some(names: tuple[str, ...] | list[str], most: int = 6) -> str:
    rest = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + rest


class _Seen(NamedTuple):
    """What is remembered of a picture that was read."""

    pixels: str
    height: int
    width: int


def survey(data: str, root: Path | None = None) -> Survey:
    """Look at a set: one of the five by name under a data root, or any folder.

    Pictures of Set5, Set14 and BSD100 are recognised by their pixels, whatever their file name.

    Args:
        data: name of a set, or path of a folder with pictures, or with `HR` inside.
        root: holds a folder for each set.

    Raises:
        FileNotFoundError: the set is not there; the message says how to obtain it.
    """
    benchmark = find_benchmark(data)
    if benchmark is not None:
        known = known_pictures(benchmark.name)
        return _compare(benchmark.name, locate(benchmark, root), benchmark.count, known)
    folder = Path(data)
    if not folder.is_dir():
        raise FileNotFoundError(
            f"data must be one of {', '.join(BENCHMARKS)} or a folder, got {data!r}"
        )
    whole = folder.resolve()
    name = whole.parent.name if whole.name == "HR" else whole.name
    return _compare(name, hr_folder(folder), None, {})


def _compare(name: str, folder: Path, expected: int | None, known: Mapping[str, Known]) -> Survey:
    """Read every picture once and hold it against the known ones."""
    seen: dict[Path, _Seen] = {}
    unreadable: dict[str, str] = {}
    for path in picture_files(folder):
        try:
            codes, _ = read_codes(path)
        except (OSError, PictureError) as error:
            unreadable[path.name] = str(error).removeprefix(f"{path}: ")
        else:
            seen[path] = _Seen(digest(codes), *codes.shape[:2])
    entries, extra = _identify(seen, known)
    unread = {Path(file).stem for file in unreadable}
    missing = {each.name for each in known.values()} - set(entries) - unread
    return Survey(
        name=name,
        folder=folder,
        expected=expected,
        entries=tuple(entries[each] for each in sorted(entries)),
        checked=bool(known),
        missing=tuple(sorted(missing)),
        extra=tuple(extra),
        unreadable=unreadable,
    )


def _identify(
    seen: Mapping[Path, _Seen], known: Mapping[str, Known]
) -> tuple[dict[str, Entry], list[str]]:
    """The pictures of the set by name, and the files that do not belong to it.

    A known set of which not one picture is recognised counts as another edition: all are taken.
    """
    named = {each.name: each for each in known.values()}
    entries: dict[str, Entry] = {}
    extra: list[str] = []
    first = sorted(seen, key=lambda path: path.stem not in named)  # own name before a copy
    for path in first:
        picture = seen[path]
        entry = _entry(path, picture, known.get(picture.pixels), named)
        if entry is None or entry.name in entries:
            extra.append(path.name)
        else:
            entries[entry.name] = entry
    if entries or not known:
        return entries, extra
    return {p.stem: Entry(name=p.stem, path=p, altered="other edition") for p in seen}, []


def _entry(
    path: Path, picture: _Seen, genuine: Known | None, named: Mapping[str, Known]
) -> Entry | None:
    """The picture in a file; None when it is not of the set."""
    if genuine is not None or not named:
        return Entry(name=genuine.name if genuine else path.stem, path=path)
    known = named.get(path.stem)
    if known is None:
        return None
    resized = (picture.height, picture.width) != (known.height, known.width)
    size = f"{picture.height} x {picture.width}, not {known.height} x {known.width}"
    return Entry(name=path.stem, path=path, altered=size if resized else "other pixels")
