"""From what a user types to what is measured: sources and sets by name."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from hatsr.evaluation.pictures import picture_files
from hatsr.evaluation.sets import BENCHMARKS
from hatsr.evaluation.sources import Bicubic, Network, Pictures, Source
from hatsr.evaluation.survey import Survey, survey

BICUBIC = "bicubic"
"""The baseline that needs no weights."""


def is_pictures(spec: str) -> bool:
    """A folder with pictures in it, or in its subfolders, is judged as it is.

    Not so one with a checkpoint in it: that is a model, whatever pictures lie beside.
    """
    if not has_pictures(spec):
        return False
    from hatsr.checkpoint import is_model_folder

    return not is_model_folder(spec)


def has_pictures(spec: str) -> bool:
    """Whether a folder, or one of its subfolders, has pictures in it."""
    folder = Path(spec)
    if not folder.is_dir():
        return False
    inside = (each for each in folder.iterdir() if each.is_dir())
    return bool(picture_files(folder)) or any(picture_files(each) for each in inside)


def open_source(
    spec: str,
    scale: int | None,
    device: str,
    memory: str | None,
    overrides: Mapping[str, object] | None = None,
) -> Source:
    """What makes the SR pictures.

    Args:
        spec: `bicubic`, a folder of SR pictures, or a model as `hatsr.load` takes it.
        scale: must be given for the first two; a model has its own.
        device: where a model runs.
        memory: its budget.
        overrides: hyper-parameters that its file does not show, see `hatsr.checkpoint.read`.

    Raises:
        ValueError: no scale, a scale that is not the model's, or an unusable model.
    """
    if spec == BICUBIC:
        return Bicubic(_given(scale, spec))
    if is_pictures(spec):
        return open_pictures(spec, scale)
    from hatsr.inference.opening import load

    model = load(spec, device=device, memory=memory, overrides=overrides)
    if scale not in (None, model.scale):
        raise ValueError(f"scale must be {model.scale}, what {model.name} makes, got {scale}")
    return Network(model)


def open_pictures(folder: str, scale: int | None) -> Pictures:
    """A folder of SR pictures, whatever its name.

    Raises:
        ValueError: there are no pictures in it, or no scale.
    """
    if not has_pictures(folder):
        raise ValueError(
            f"SR pictures must be in the folder or in its subfolders, got no pictures in {folder}; "
            "put them there under the names of the HR pictures"
        )
    return Pictures(Path(folder), _given(scale, folder))


def _given(scale: int | None, spec: str) -> int:
    if scale is None or scale < 1:
        raise ValueError(f"scale must be given for {spec}, at least 1, got {scale}; --scale 4")
    return scale


def identity(spec: str) -> str | None:
    """Digest of a model's weights; None for what is not a model and needs no resuming."""
    if spec == BICUBIC or is_pictures(spec):
        return None
    from hatsr.checkpoint import resolve

    return hashlib.sha256(resolve(spec).read_bytes()).hexdigest()[:16]


def find_sets(data: Sequence[str], root: Path | None) -> tuple[list[Survey], list[str]]:
    """The sets that are there, and why others are not.

    Args:
        data: names or folders; none means all five.
        root: holds a folder for each named set.

    Raises:
        FileNotFoundError: not one of them is there.
    """
    found: list[Survey] = []
    absent: list[str] = []
    for name in data or tuple(BENCHMARKS):
        try:
            found.append(survey(name, root))
        except FileNotFoundError as error:
            absent.append(str(error))
    if not found:
        raise FileNotFoundError("\n".join(absent))
    names = [each.name for each in found]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"sets must have different names, got {', '.join(twice)} twice")
    return found, absent


def open_sources(
    specs: Sequence[str], scale: int | None, device: str, memory: str | None
) -> list[Source]:
    """Several sources of one scale, which any model among them may tell; names made different.

    Raises:
        ValueError: as `open_source`, or models of different scales.
    """
    without = {spec for spec in specs if spec == BICUBIC or is_pictures(spec)}
    opened = {s: open_source(s, scale, device, memory) for s in specs if s not in without}
    scales = {source.scale for source in opened.values()}
    if len(scales) > 1:
        raise ValueError(f"models must have one scale to be compared, got {sorted(scales)}")
    scale = scale or next(iter(scales), None)
    opened |= {spec: open_source(spec, scale, device, memory) for spec in without}
    sources = [opened[spec] for spec in specs]
    names = [source.name for source in sources]
    for spec, source in zip(specs, sources, strict=True):
        if names.count(source.name) > 1:
            source.name = spec
    return sources
