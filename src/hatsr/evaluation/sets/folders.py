"""Where test sets lie: the folders that this and other programs keep HR pictures in."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hatsr.evaluation.benchmark_pairs import PairRule, PictureFolder
from hatsr.evaluation.results import EvaluationSettings
from hatsr.evaluation.sets.known import (
    BENCHMARKS,
    BenchmarkSet,
    KnownPicture,
    find_benchmark,
    known_pictures,
)
from hatsr.image import list_pictures, list_unreadable


@dataclass(frozen=True, kw_only=True, slots=True)
class PictureSet:
    """A test set that was found; none of its pictures is read yet."""

    name: str
    home: Path
    """The folder of the set, in which LR folders may lie beside that of HR."""
    files: tuple[Path, ...]
    """The files of its HR pictures."""
    expected: int | None = None
    """Pictures the set has; None for a folder of the user's."""
    known: Mapping[str, KnownPicture] = field(default_factory=dict[str, KnownPicture])
    """Its pictures by digest, as far as they are known."""
    low: tuple[str, ...] = ()
    """LR pictures and the like that lie among the HR ones and are left out."""
    unreadable: tuple[str, ...] = ()
    """Pictures of kinds that cannot be read here."""

    def pair_rule(self, rules: EvaluationSettings) -> PairRule:
        """How its HR pictures become pairs."""
        return PairRule(
            data=self.name,
            scale=rules.scale,
            lr_folder=PictureFolder(self.home / rules.lr) if rules.lr else None,
            files=frozenset(path.stem for path in self.files),
        )


def hr_folders(rules: EvaluationSettings) -> tuple[str, ...]:
    """Names that programs give the folder of HR pictures inside a set's, the best one first.

    Whole pictures come before those cropped to a multiple of 12 or less, but where LR is read from
    a folder of the set: it was made from the latter.
    """
    whole = ("HR", "original", "GT", f"image_SRF_{rules.scale}")
    cropped = tuple(f"GTmod{multiple}" for multiple in (12, 8, 6, 4, 3, 2))
    return (*cropped, *whole) if rules.lr else (*whole, *cropped)


def find_sets(
    data: Sequence[str], root: Path | None, rules: EvaluationSettings
) -> tuple[list[PictureSet], list[str]]:
    """The sets that are there, and why others are not.

    Args:
        data: names of sets, or folders with pictures or with a folder of HR pictures inside; none
            means all five.
        root: holds a folder for each named set.
        rules: their scale and LR choose between several folders of HR pictures.

    Raises:
        ValueError: an unknown name, a folder without pictures, a root that is no folder, two sets
            of one name, no set with the folder of LR, or only names of sets without a root.
        FileNotFoundError: not one of the named sets is there; the message says how to obtain them.
    """
    found: list[PictureSet] = []
    absent: list[str] = []
    for name in data or tuple(BENCHMARKS):
        benchmark = find_benchmark(name)
        try:
            found.append(locate(benchmark, root, rules) if benchmark else open_set(name, rules))
        except FileNotFoundError as error:
            absent.append(str(error))
    if not found:
        raise (ValueError if root is None else FileNotFoundError)("\n".join(absent))
    names = [each.name for each in found]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"sets must have different names, got {', '.join(twice)} twice")
    if rules.lr and not any((each.home / rules.lr).is_dir() for each in found):
        raise ValueError(f"LR must be a folder, alone or inside each set's, got {rules.lr!r}")
    return found, absent


def locate(benchmark: BenchmarkSet, root: Path | None, rules: EvaluationSettings) -> PictureSet:
    """One of the five sets under a data root.

    Raises:
        ValueError: the root is no folder.
        FileNotFoundError: the set is not there; the message says how to obtain it.
    """
    if root is not None and not root.is_dir():
        raise ValueError(f"data root must be a folder with the sets in it, got {root}")
    why = "no data root is given" if root is None else f"it is not in {root}"
    inside = _subfolders(root) if root is not None else {}
    for folder in (inside[n.lower()] for n in benchmark.folders if n.lower() in inside):
        high, low = _hr_files(folder, rules)
        if high:
            return PictureSet(
                name=benchmark.name,
                home=folder,
                files=tuple(high),
                expected=benchmark.count,
                known=known_pictures(benchmark.name),
                low=low,
                unreadable=_unreadable(high[0].parent),
            )
        why = _nothing_in(folder, rules)
    raise FileNotFoundError(
        f"{benchmark.name} is missing: {why}. To obtain it ({benchmark.count} pictures): "
        f"{benchmark.obtain}. Put them into {root or 'ROOT'}/{benchmark.name}/HR"
    )


def open_set(data: str, rules: EvaluationSettings) -> PictureSet:
    """A folder of the user's as a set.

    Raises:
        ValueError: there is no such folder, or it holds no pictures.
    """
    folder = Path(data)
    if not folder.is_dir():
        raise ValueError(f"data must be one of {', '.join(BENCHMARKS)} or a folder, got {data!r}")
    high, low = _hr_files(folder, rules)
    if not high:
        raise ValueError(f"data must hold pictures, got {_nothing_in(folder, rules)}")
    whole = folder.resolve()
    is_hr = whole.name.lower() in {name.lower() for name in hr_folders(rules)}
    return PictureSet(
        name=whole.parent.name if is_hr else whole.name,
        home=whole.parent if is_hr else folder,
        files=tuple(high),
        low=low,
        unreadable=_unreadable(high[0].parent),
    )


def _subfolders(folder: Path) -> dict[str, Path]:
    """Subfolders by their names in small letters."""
    return {path.name.lower(): path for path in sorted(folder.iterdir()) if path.is_dir()}


def _hr_files(folder: Path, rules: EvaluationSettings) -> tuple[list[Path], tuple[str, ...]]:
    """HR pictures in the first folder that has some, and names of pictures among them that are not.

    Where some names end in `_HR`, only those are HR; `x_LR` is none where there is `x`.
    """
    inside = _subfolders(folder)
    names = [name.lower() for name in hr_folders(rules)]
    for each in (*(inside[name] for name in names if name in inside), folder):
        pictures = list_pictures(each, recursive=False)
        if pictures:
            marked = [path for path in pictures if re.search(r"[_.-]HR$", path.stem, re.I)]
            high = marked or [path for path in pictures if not _is_lr(path, pictures)]
            return high, tuple(path.name for path in pictures if path not in high)
    return [], ()


def _is_lr(path: Path, pictures: Sequence[Path]) -> bool:
    found = re.fullmatch(r"(.+)[_.-]LR(x\d)?", path.stem, re.I)
    return found is not None and any(each.stem == found[1] for each in pictures)


def _unreadable(folder: Path) -> tuple[str, ...]:
    return tuple(path.name for path in list_unreadable(folder, recursive=False))


def _nothing_in(folder: Path, rules: EvaluationSettings) -> str:
    """What was looked for, and what is there instead."""
    there = ", ".join(path.name for path in _subfolders(folder).values()) or "none"
    unreadable = f", and {', '.join(kinds)}" if (kinds := _unreadable(folder)[:3]) else ""
    return (
        f"no pictures in {folder} and none in its folders {', '.join(hr_folders(rules))} "
        f"(its folders are: {there}{unreadable})"
    )
