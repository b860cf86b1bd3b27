"""The short way in: a model by name or path, a picture enlarged in one call."""

import os
from collections.abc import Mapping
from typing import overload

import numpy as np
from PIL import Image

from hatsr import checkpoint
from hatsr.inference.settings import Precision, Settings
from hatsr.inference.upscale import Upscaler


def load(  # noqa: PLR0913  one parameter for each setting
    model: str | os.PathLike = checkpoint.DEFAULT_MODEL,
    *,
    device: str = "cpu",
    precision: Precision = "fp32",
    memory: int | str | None = None,
    tile: int | None = None,
    ensemble: bool = False,
    overrides: Mapping[str, object] | None = None,
) -> Upscaler:
    """A network with weights, ready to enlarge pictures.

    Args:
        model: a shipped name, a checkpoint file or folder, or ``hf://owner/name/file``.
        device: see `Settings`, as for the rest.
        precision: fp32, fp16, bf16 or int8.
        memory: budget in bytes or as text (``4GB``).
        tile: side of tiles, LR pixels.
        ensemble: average over flips and turns.
        overrides: hyper-parameters that the file does not show, ``{"conv_scale": 0.1}``; see
            `hatsr.checkpoint.read`.

    Raises:
        CheckpointError: the model cannot be found or read.
        ValueError: a setting breaks its rule, or int8 costs too much quality.
    """
    settings = Settings(
        device=device, precision=precision, memory=memory, tile=tile, ensemble=ensemble
    )
    return open_model(model, settings, overrides)


def open_model(
    model: str | os.PathLike, settings: Settings, overrides: Mapping[str, object] | None = None
) -> Upscaler:
    """`load` with the settings as one object."""
    path = checkpoint.resolve(model)
    return Upscaler(checkpoint.read(path, overrides).model(), path.stem, settings)


@overload
def upscale(
    source: np.ndarray,
    model: str | os.PathLike = ...,
    *,
    device: str = ...,
    precision: Precision = ...,
    memory: int | str | None = ...,
    tile: int | None = ...,
) -> np.ndarray: ...
@overload
def upscale(
    source: str | os.PathLike | Image.Image,
    model: str | os.PathLike = ...,
    *,
    device: str = ...,
    precision: Precision = ...,
    memory: int | str | None = ...,
    tile: int | None = ...,
) -> Image.Image: ...
def upscale(
    source: str | os.PathLike | Image.Image | np.ndarray,
    model: str | os.PathLike = checkpoint.DEFAULT_MODEL,
    *,
    device: str = "cpu",
    precision: Precision = "fp32",
    memory: int | str | None = None,
    tile: int | None = None,
) -> Image.Image | np.ndarray:
    """Enlarge one picture; for many, `load` once and call its `upscale`.

    Args:
        source: a path, a PIL image, or an array (see `Upscaler.upscale`).
        model: see `load`, as for the rest.
        device: where to run.
        precision: fp32, fp16, bf16 or int8.
        memory: budget in bytes or as text (``4GB``).
        tile: side of tiles, LR pixels.

    Returns:
        An array for an array, else a PIL image.
    """
    upscaler = load(model, device=device, precision=precision, memory=memory, tile=tile)
    return upscaler.upscale(source)
