"""A model loaded by name or path, a picture enlarged in one call."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from hatsr import checkpoint
from hatsr.inference.settings import Settings, from_keywords
from hatsr.inference.upscaler import Upscaler

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from hatsr.inference.settings import Keywords


def load(
    model: str | os.PathLike[str] = checkpoint.DEFAULT_MODEL,
    *,
    overrides: Mapping[str, object] | None = None,
    denoise: float | None = None,
    **settings: Unpack[Keywords],
) -> Upscaler:
    """A network with weights, ready to enlarge pictures.

    Args:
        model: a shipped name, a checkpoint file or folder, or ``hf://owner/name/file``.
        overrides: hyper-parameters that the file does not show, ``{"conv_scale": 0.1}``; see
            `hatsr.checkpoint.read`.
        denoise: 0 to 1, between the weights for clean pictures and the real-world ones.
        settings: the fields of `Settings`: ``memory="4GB"``, ``device="cuda"``, ``tile=256`` ...

    Raises:
        CheckpointError: the model cannot be found or read.
        TypeError: there is no such setting, or its value is of another type.
        ValueError: a setting breaks its rule, or int8 costs too much quality.
    """
    return open_model(model, from_keywords(settings), overrides, denoise)


def open_model(
    model: str | os.PathLike[str] | None,
    settings: Settings,
    overrides: Mapping[str, object] | None = None,
    denoise: float | None = None,
) -> Upscaler:
    """`load` with the settings as one object; no model is the shipped one for the scale."""
    if denoise is not None:
        blended = os.fspath(model or checkpoint.real_world_model(settings.scale))
        return _open_blended(blended, settings, overrides, denoise)
    path = checkpoint.resolve(model or checkpoint.default_model(settings.scale))
    return Upscaler(checkpoint.read(path, overrides).model(), checkpoint.called(path), settings)


def _open_blended(
    model: str, settings: Settings, overrides: Mapping[str, object] | None, denoise: float
) -> Upscaler:
    """Between the clean weights of a shipped network and the real-world ones."""
    if not 0 <= denoise <= 1:
        raise ValueError(f"denoise must be from 0 to 1, got {denoise:g}")
    names = checkpoint.clean_and_real(model)
    if names is None:
        raise ValueError(
            "denoise must go with shipped weights that have real-world ones beside them, got "
            f"{model}; leave the model away, or blend two files with hatsr blend"
        )
    found = [checkpoint.read(checkpoint.resolve(name), overrides) for name in names]
    blended = checkpoint.blend(found[0], found[1], denoise, names)
    return Upscaler(blended.model(), f"{names[0]} denoise {denoise:g}", settings)
