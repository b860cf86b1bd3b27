"""A model loaded by name or path, a picture enlarged in one call."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, overload

import numpy as np
from PIL import Image

from hatsr import checkpoint
from hatsr.inference.settings import Settings
from hatsr.inference.upscaler import Upscaler

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from hatsr.inference.settings import Keywords


def load(
    model: str | os.PathLike[str] = checkpoint.DEFAULT_MODEL,
    *,
    overrides: Mapping[str, object] | None = None,
    **settings: Unpack[Keywords],
) -> Upscaler:
    """A network with weights, ready to enlarge pictures.

    Args:
        model: a shipped name, a checkpoint file or folder, or ``hf://owner/name/file``.
        overrides: hyper-parameters that the file does not show, ``{"conv_scale": 0.1}``; see
            `hatsr.checkpoint.read`.
        settings: the fields of `Settings`: ``memory="4GB"``, ``device="cuda"``, ``tile=256`` ...

    Raises:
        CheckpointError: the model cannot be found or read.
        TypeError: there is no such setting.
        ValueError: a setting breaks its rule, or int8 costs too much quality.
    """
    return open_model(model, Settings(**settings), overrides)


def open_model(
    model: str | os.PathLike[str], settings: Settings, overrides: Mapping[str, object] | None = None
) -> Upscaler:
    """`load` with the settings as one object."""
    path = checkpoint.resolve(model)
    return Upscaler(checkpoint.read(path, overrides).model(), path.stem, settings)


@overload
def upscale(
    source: np.ndarray, model: str | os.PathLike[str] = ..., **settings: Unpack[Keywords]
) -> np.ndarray: ...
@overload
def upscale(
    source: str | os.PathLike[str] | Image.Image,
    model: str | os.PathLike[str] = ...,
    **settings: Unpack[Keywords],
) -> Image.Image: ...
def upscale(
    source: str | os.PathLike[str] | Image.Image | np.ndarray,
    model: str | os.PathLike[str] = checkpoint.DEFAULT_MODEL,
    **settings: Unpack[Keywords],
) -> Image.Image | np.ndarray:
    """Enlarge one picture; for many, `load` once and call its `upscale`.

    Args:
        source: a path, a PIL image, or an array (see `Upscaler.upscale`).
        model: see `load`.
        settings: see `load`.

    Returns:
        An array for an array, else a PIL image.
    """
    return load(model, **settings).upscale(source)
