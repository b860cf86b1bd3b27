"""A picture enlarged in one call."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, overload

import numpy as np
from PIL import Image

from hatsr.checkpoint import default_model
from hatsr.inference.choosing import Chooser
from hatsr.inference.opening import load
from hatsr.inference.settings import Settings
from hatsr.inference.user_input import like_source, to_picture

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from hatsr.inference.settings import Keywords


@overload
def upscale(
    source: np.ndarray,
    model: str | os.PathLike[str] | None = ...,
    *,
    denoise: float | None = ...,
    **settings: Unpack[Keywords],
) -> np.ndarray: ...
@overload
def upscale(
    source: str | os.PathLike[str] | Image.Image,
    model: str | os.PathLike[str] | None = ...,
    *,
    denoise: float | None = ...,
    **settings: Unpack[Keywords],
) -> Image.Image: ...
def upscale(
    source: str | os.PathLike[str] | Image.Image | np.ndarray,
    model: str | os.PathLike[str] | None = None,
    *,
    denoise: float | None = None,
    **settings: Unpack[Keywords],
) -> Image.Image | np.ndarray:
    """Enlarge one picture; for many, `load` once and call its `upscale`.

    Args:
        source: a path, a PIL image, or an array (see `Upscaler.upscale`).
        model: see `load`. None: the shipped weights for the scale, the real-world ones if the
            picture needs them (see `hatsr.inference.choosing`).
        denoise: see `load`.
        settings: see `load`.

    Returns:
        An array for an array, else a PIL image.
    """
    if denoise is not None and model is None:
        model = default_model(settings.get("scale"))
    if model is not None:
        return load(model, denoise=denoise, **settings).upscale(source)
    lr = to_picture(source)
    upscaler, _ = Chooser(Settings(**settings)).choose(lr)
    return like_source(upscaler.enlarge_picture(lr), source)
