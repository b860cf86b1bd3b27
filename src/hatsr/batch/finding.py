"""Which pictures are meant: files, what lies in folders, and what patterns match."""

import glob
import re
from collections import Counter
from collections.abc import Container, Sequence
from dataclasses import dataclass
from pathlib import Path

from hatsr import image, video

PROGRAM = "hatsr"
"""First word of the field Software of our results."""
RESULT = "result of an earlier run; name the file itself to enlarge it again"
CLIP = "moving pictures take long; name the file itself to enlarge it"
UNREADABLE = "of a kind that cannot be read; convert it to PNG or JPEG"
LISTED = image.READABLE | image.UNREADABLE_KINDS | video.CLIPS
"""Endings of the files that are looked at in a folder."""
_SCALED = re.compile(r"_x\d+(\.\d+)?$")
_SHOWN = 3
"""File names in a remark."""


@dataclass(frozen=True, slots=True)
class PictureFile:
    """A picture to enlarge."""

    path: Path
    """The file."""
    subfolder: Path = Path()
    """Where it lies below the folder that was named: so does its result below the output."""

    @property
    def is_clip(self) -> bool:
        """It is a moving picture, by its ending."""
        return self.path.suffix.lower() in video.CLIPS


class LeftOut:
    """Files that are not enlarged: how many for each reason, and the first names."""

    def __init__(self) -> None:
        self.counts = Counter[str]()
        self.names: dict[str, list[str]] = {}

    def add(self, name: str, reason: str) -> None:
        """One more."""
        self.counts[reason] += 1
        names = self.names.setdefault(reason, [])
        if len(names) < _SHOWN:
            names.append(name)

    def remarks(self) -> list[str]:
        """A sentence for each reason."""
        return [
            f"{count:,} left out ({', '.join(names)}{', ...' if count > _SHOWN else ''}): {reason}"
            for (reason, count), names in zip(self.counts.items(), self.names.values(), strict=True)
        ]


@dataclass(frozen=True, slots=True)
class FoundPictures:
    """What inputs stand for."""

    pictures: tuple[PictureFile, ...]
    """In order, once each; what was named and cannot be used is there, to be reported later."""
    left_out: dict[Path, str]
    """Files of folders and patterns that are not enlarged, and why."""
    unvisited: tuple[Path, ...] = ()
    """Folders without pictures, whose subfolders were not looked into."""

    def remarks(self) -> list[str]:
        """What was left out, counted, a sentence for each reason."""
        left_out = LeftOut()
        for path, reason in self.left_out.items():
            left_out.add(path.name, reason)
        unvisited = (
            f"subfolders of {path} are left out; give --recursive" for path in self.unvisited
        )
        return [*left_out.remarks(), *unvisited]


def find_pictures(inputs: Sequence[str], *, recursive: bool = False) -> FoundPictures:
    """Find the pictures that are meant.

    A file that is named is taken, whatever it is. From folders and patterns, results of earlier
    runs are left out.

    Args:
        inputs: paths or patterns.
        recursive: look into the subfolders of folders.

    Raises:
        ValueError: an input is empty.
        OSError: a folder cannot be read.
    """
    if "" in inputs:
        raise ValueError("input must be a path, got an empty text; is a variable not set?")
    parts = [_look(text, recursive) for text in inputs]
    pictures: dict[Path, PictureFile] = {}
    for picture in (picture for part in parts for picture in part.pictures):
        pictures.setdefault(picture.path, picture)
    return FoundPictures(
        tuple(pictures.values()),
        {p: why for part in parts for p, why in part.left_out.items() if p not in pictures},
        tuple(path for part in parts for path in part.unvisited),
    )


def _look(text: str, recursive: bool) -> FoundPictures:
    """What one input stands for."""
    path = Path(text)
    try:
        path = path if path.exists() else path.expanduser()
        is_folder, is_there = path.is_dir(), path.exists()
    except (OSError, RuntimeError):  # a name too long, ~nobody
        is_folder, is_there = False, True
    if is_folder:
        return _look_into(path, recursive)
    if not is_there:
        matches = sorted(map(Path, glob.glob(str(path), recursive=True)))  # noqa: PTH207
        files = [PictureFile(match) for match in matches if match.is_file()]
        if files:
            return _without_results(files)
    return FoundPictures((PictureFile(path),), {})


def _look_into(folder: Path, recursive: bool) -> FoundPictures:
    """The pictures of a folder."""
    listed = image.list_ending(folder, LISTED, recursive=recursive)
    paths = _with_ending(listed, image.READABLE)
    found = _without_results([PictureFile(p, p.parent.relative_to(folder)) for p in paths])
    unreadable = _with_ending(listed, image.UNREADABLE_KINDS)
    clips = _with_ending(listed, video.CLIPS)
    left_out = found.left_out | dict.fromkeys(unreadable, UNREADABLE) | dict.fromkeys(clips, CLIP)
    unvisited = () if recursive or paths or not _has_subfolders(folder) else (folder,)
    return FoundPictures(found.pictures, left_out, unvisited)


def _with_ending(paths: Sequence[Path], endings: Container[str]) -> list[Path]:
    return [path for path in paths if path.suffix.lower() in endings]


def _has_subfolders(folder: Path) -> bool:
    return any(path.is_dir() and not path.name.startswith(".") for path in folder.iterdir())


def _without_results(files: Sequence[PictureFile]) -> FoundPictures:
    results = {file.path for file in files if is_result(file.path)}
    originals = tuple(file for file in files if file.path not in results)
    return FoundPictures(originals, {file.path: RESULT for file in files if file.path in results})


def is_result(path: Path) -> bool:
    """Whether an earlier run made a file.

    The field Software of its header says so; where there is none, its name does, beside the
    picture that it came from (a_x4.png beside a.jpg).
    """
    software = image.read_software(path)
    if software is not None:
        return software.split(" ")[0] == PROGRAM
    original = _SCALED.sub("", path.stem)
    return original != path.stem and any(
        other.stem == original and other.suffix.lower() in image.READABLE | video.CLIPS
        for other in path.parent.iterdir()
    )
