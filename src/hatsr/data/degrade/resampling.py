"""Resizing as pictures on their way through programs are: not MATLAB's, on purpose."""

from typing import Literal

from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import interpolate

from hatsr.data.degrade.keys import Key
from hatsr.data.degrade.parameters import Resize

ResizeMode = Literal["area", "bilinear", "bicubic"]
_MODES: tuple[tuple[ResizeMode, float], ...] = (("area", 1.0), ("bilinear", 1.0), ("bicubic", 1.0))


def resize(
    picture: Float[Tensor, "c h w"], size: tuple[int, int], mode: ResizeMode
) -> Float[Tensor, "c new_h new_w"]:
    """The picture at another size; bilinear and bicubic ones alias when shrinking, as published."""
    if tuple(picture.shape[-2:]) == size:
        return picture
    return interpolate(picture[None], size=size, mode=mode)[0]


def random_resize(
    picture: Float[Tensor, "c h w"], resize_by: Resize, base: tuple[int, int], key: Key
) -> Float[Tensor, "c new_h new_w"]:
    """The picture at `base`, height and width, times a random factor; at least 1 x 1."""
    kind, by, mode = key.fork(3)
    way = kind.choose((("up", resize_by.up), ("down", resize_by.down), ("keep", resize_by.keep)))
    least, most = resize_by.factors
    factor = {"up": by.uniform(1, most), "down": by.uniform(least, 1), "keep": 1.0}[way]
    height, width = (max(1, int(side * factor)) for side in base)
    return resize(picture, (height, width), mode.choose(_MODES))


def resize_back(
    picture: Float[Tensor, "c h w"], size: tuple[int, int], key: Key
) -> Float[Tensor, "c new_h new_w"]:
    """The picture at the size that is wanted in the end."""
    return resize(picture, size, key.choose(_MODES))
