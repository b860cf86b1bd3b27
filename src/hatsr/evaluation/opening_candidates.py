"""Candidates opened: bicubic, a folder of SR pictures, a model by name, a network in memory."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hatsr.evaluation.candidates import (
    BICUBIC,
    BicubicCandidate,
    Candidate,
    FolderCandidate,
    NetworkCandidate,
)
from hatsr.image import list_pictures

if TYPE_CHECKING:
    from torch import nn


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
    return any(list_pictures(each, recursive=False) for each in (folder, *inside))


def open_candidate(
    spec: str,
    scale: int | None = None,
    device: str = "cpu",
    memory: str | None = None,
    overrides: Mapping[str, object] | None = None,
) -> Candidate:
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
        return BicubicCandidate(_given(scale, spec))
    if is_pictures(spec):
        return open_pictures(spec, scale)
    from hatsr.checkpoint import resolve
    from hatsr.inference.loading import load

    model = load(spec, device=device, memory=memory, overrides=overrides)
    if scale not in (None, model.scale):
        raise ValueError(f"scale must be {model.scale}, what {model.name} makes, got {scale}")
    digest = hashlib.sha256(resolve(spec).read_bytes())
    if overrides:
        digest.update(json.dumps(overrides, sort_keys=True).encode())
    return NetworkCandidate(model, digest.hexdigest()[:16])


def as_candidate(network: nn.Module, name: str, device: str = "cpu") -> NetworkCandidate:
    """Any network as what `evaluate` and `compare` take.

    Args:
        network: a `hatsr.model.Network` in memory, which is taken over.
        name: what it is called in tables.
        device: where it runs.

    Raises:
        ValueError: it is no `Network`.
    """
    from hatsr.inference.settings import Settings
    from hatsr.inference.upscaler import Upscaler

    digest = hashlib.sha256()
    for key, tensor in network.state_dict().items():
        digest.update(key.encode())
        digest.update(tensor.cpu().contiguous().numpy().tobytes())
    return NetworkCandidate(
        Upscaler(network, name, Settings(device=device, precision="fp32")), digest.hexdigest()[:16]
    )


def open_pictures(folder: str, scale: int | None) -> FolderCandidate:
    """A folder of SR pictures, whatever its name.

    Raises:
        ValueError: there are no pictures in it, or no scale.
    """
    if not has_pictures(folder):
        raise ValueError(
            f"SR pictures must be in the folder or in its subfolders, got no pictures in {folder}; "
            "put them there under the names of the HR pictures"
        )
    return FolderCandidate(Path(folder), _given(scale, folder))


def _given(scale: int | None, spec: str) -> int:
    if scale is None or scale < 1:
        raise ValueError(f"scale must be given for {spec}, at least 1, got {scale}; --scale 4")
    return scale


def open_candidates(
    specs: Sequence[str | Candidate],
    scale: int | None = None,
    device: str = "cpu",
    memory: str | None = None,
) -> list[Candidate]:
    """Several candidates of one scale, which any model among them may tell; names made different.

    Args:
        specs: at least two, as `open_candidate` takes them, or opened.
        scale: must be given where no model is among them.
        device: where models run.
        memory: budget of each.

    Raises:
        ValueError: as `open_candidate`, fewer than two, one of them twice, or models of different
            scales.
    """
    if len(specs) < 2:
        raise ValueError(f"models to compare must be at least two, got {len(specs)}; try bicubic")
    opened = [None if needs_scale(each) else _open(each, scale, device, memory) for each in specs]
    scales = {candidate.scale for candidate in opened if candidate is not None}
    if len(scales) > 1:
        raise ValueError(f"models must have one scale to be compared, got {sorted(scales)}")
    scale = scale or next(iter(scales), None)
    candidates = [
        candidate or _open(spec, scale, device, memory)
        for spec, candidate in zip(specs, opened, strict=True)
    ]
    _tell_apart(specs, candidates)
    return candidates


def _open(spec: str | Candidate, scale: int | None, device: str, memory: str | None) -> Candidate:
    return open_candidate(spec, scale, device, memory) if isinstance(spec, str) else spec


def needs_scale(spec: str | Candidate) -> bool:
    """Whether nothing about it tells the scale."""
    return isinstance(spec, str) and (spec == BICUBIC or is_pictures(spec))


def _tell_apart(specs: Sequence[str | Candidate], candidates: Sequence[Candidate]) -> None:
    """Give candidates of one name what the user called them."""
    names = [candidate.name for candidate in candidates]
    for spec, candidate in zip(specs, candidates, strict=True):
        if isinstance(spec, str) and names.count(candidate.name) > 1:
            candidate.name = spec
    names = [candidate.name for candidate in candidates]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"models to compare must be different ones, got {', '.join(twice)} twice")
