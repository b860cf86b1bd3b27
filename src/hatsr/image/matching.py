"""Which files are versions of which picture, by name: `0801x4.png` or `0801_bicLRx4.png`."""

import re
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

_AFTER_NAME = re.compile(r"x\d|[ _.-]|$")
_SCALE = re.compile(r"(?<!\d)x(\d+)(?![a-zA-Z\d])")


def match_names(
    names: Collection[str], files: Iterable[Path], scale: int | None = None
) -> Mapping[str, list[Path]]:
    """The files that can be meant by each name: the one called just so, else those that begin so.

    After the name comes a scale as in `x4`, a space or one of `_.-`; where several names begin a
    file's, it belongs to the longest. One file means a match, several that the name is unclear.

    Args:
        names: names of pictures, without suffix.
        files: versions of them: LR, or SR that some program made.
        scale: of several files, those that name it are meant; None if there is no telling.

    Returns:
        For each name with a file all of its files, in their order; other names are left out.
    """
    known = frozenset(names)
    found: dict[str, list[Path]] = {}
    for path in files:
        name = _longest_name(path.stem, known)
        if name is not None:
            found.setdefault(name, []).append(path)
    return {name: _meant(name, paths, scale) for name, paths in found.items()}


def _longest_name(stem: str, names: frozenset[str]) -> str | None:
    for end in range(len(stem), 0, -1):
        if stem[:end] in names and _AFTER_NAME.match(stem, end):
            return stem[:end]
    return None


def _meant(name: str, paths: list[Path], scale: int | None) -> list[Path]:
    exact = [path for path in paths if path.stem == name]
    scaled = [path for path in paths if str(scale) in _SCALE.findall(path.stem[len(name) :])]
    return exact or scaled or paths
