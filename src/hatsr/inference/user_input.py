"""What a user may hand in: a picture in any form, or a batch of them as a tensor."""

import os

import numpy as np
from PIL import Image
from torch import Tensor

from hatsr import image
from hatsr.image import Picture


def to_picture(source: object) -> Picture:
    """Whatever a user has a picture in.

    Raises:
        TypeError: it cannot be one.
        ValueError: it is no picture that can be read.
    """
    if isinstance(source, np.ndarray):
        return image.from_array(source)
    if isinstance(source, Image.Image):
        return image.from_pil(source)
    if isinstance(source, str | os.PathLike | bytes) or hasattr(source, "read"):
        return image.read(source)  # pyright: ignore[reportArgumentType]
    advice = "give it to upscale_tensor" if isinstance(source, Tensor) else "one picture at a time"
    raise TypeError(
        f"picture must be a path, a PIL image or an array, got {type(source).__name__}; {advice}"
    )


def like_source(sr: Picture, source: object) -> Image.Image | np.ndarray:
    """A picture in the form of what it was made from: an array of its type, or a PIL image."""
    if not isinstance(source, np.ndarray):
        return image.to_pil(sr)
    codes = image.to_array(sr)
    return codes if source.dtype.kind == "u" else (codes / 65535).astype(source.dtype)


def check_lr(lr: object, channels: int) -> None:
    """Refuse what is no batch of pictures for a network of so many channels.

    Raises:
        TypeError: no tensor.
        ValueError: a tensor of another shape, or of integers.
    """
    if not isinstance(lr, Tensor):
        raise TypeError(f"lr must be a tensor, got {type(lr).__name__}; give it to upscale")
    if lr.ndim != 4 or lr.shape[1] != channels or 0 in lr.shape:
        raise ValueError(
            f"lr must be b x {channels} x height x width and not empty, got {tuple(lr.shape)}"
            + ("; lr[None] is a batch of one" if lr.ndim == 3 else "")
        )
    if not lr.is_floating_point():
        raise ValueError(f"lr must be floats in [0, 1], got {lr.dtype}; divide by 255, say")
