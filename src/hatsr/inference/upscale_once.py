"""A picture enlarged in one call."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, overload

import numpy as np
from PIL import Image

from hatsr.inference.choosing import for_picture, open_upscaler
from hatsr.inference.settings import from_keywords
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
    opened = open_upscaler(model, from_keywords(settings), denoise=denoise)
    lr = to_picture(source)
    upscaler, _ = for_picture(opened, lr)
    return like_source(upscaler.upscale_picture(lr), source)
