"""The path of LAM: from a blurred picture to the sharp one, and its direction at each step."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

SIGMA = 1.2
"""Blur at the start of the path: standard deviation in LR pixels."""
_KERNEL = 9
"""Side of the blur's window, in LR pixels."""
_SHARPEST = 1e-5
"""Added to every standard deviation, so that the last kernel exists: it leaves pictures alone."""


@dataclass(frozen=True, kw_only=True, slots=True)
class BlurPath:
    """Pictures I blurred less and less: x_i = K_{i+1} * I for i = 0 .. steps - 1."""

    start: Float[Tensor, "1 3 h w"]
    """K_0 * I, where the path begins."""
    pictures: Float[Tensor, "steps 3 h w"]
    """x_i in [0, 1]; the last is I itself."""
    slopes: Float[Tensor, "steps 3 h w"]
    """d_i = steps (K_{i+1} - K_i) * I, the path's derivative over its length of 1."""


def gaussian(sigma: float) -> Float[Tensor, " k"]:
    """A Gaussian window of `_KERNEL` positions with sum 1, float64."""
    position = torch.arange(_KERNEL, dtype=torch.float64) - _KERNEL // 2
    weights = torch.exp(-(position**2) / (2 * (sigma + _SHARPEST) ** 2))
    return weights / weights.sum()


def mirror_index(length: int, margin: int) -> Int[Tensor, " n"]:
    """Positions -margin .. length + margin - 1, mirrored at the first and last pixel."""
    if length == 1:
        return torch.zeros(1 + 2 * margin, dtype=torch.long)
    far = length - 1
    return far - ((torch.arange(-margin, length + margin) % (2 * far)) - far).abs()


def blur(picture: Float[Tensor, "3 h w"], sigma: float) -> Float[Tensor, "3 h w"]:
    """Correlate with a `_KERNEL` x `_KERNEL` Gaussian; the border is mirrored (reflect-101)."""
    h, w = picture.shape[-2:]
    margin, weights = _KERNEL // 2, gaussian(sigma)
    columns = picture.index_select(1, mirror_index(h, margin)).unfold(1, _KERNEL, 1) @ weights
    return columns.index_select(2, mirror_index(w, margin)).unfold(2, _KERNEL, 1) @ weights


def blur_path(lr: Float[Tensor, "1 3 h w"], steps: int = 50) -> BlurPath:
    """Cut the path from blur `SIGMA` to none into `steps` steps.

    Source: LAM (reference 15 of the paper), Gaussian blur path.

    Args:
        lr: in [0, 1]; sides from 1 pixel.
        steps: their number, at least 1.
    """
    picture = lr[0].double().cpu()
    corner = picture[:, :1, :1]  # taken away and put back: a flat picture has a slope of exactly 0
    sigmas = torch.linspace(SIGMA, 0, steps + 1, dtype=torch.float64).tolist()
    blurred = torch.stack([blur(picture - corner, sigma) for sigma in sigmas])
    return BlurPath(
        start=(blurred[:1] + corner).to(lr),
        pictures=(blurred[1:] + corner).to(lr),
        slopes=(steps * blurred.diff(dim=0)).to(lr),
    )
