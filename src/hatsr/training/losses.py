"""Pixel losses, averaged over everything."""

from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import l1_loss, mse_loss

LossName = Literal["l1", "charbonnier", "mse", "psnr"]
LOSSES: dict[LossName, str] = {
    "l1": "mean absolute error",
    "charbonnier": "mean absolute error, smooth near 0",
    "mse": "mean squared error",
    "psnr": "log of the squared error, negative",
}
"""What a loss is, in a phrase; of all of them lower is better."""
_EPSILON = 1e-3  # of Charbonnier, on the scale of [0, 1]
_LEAST = 5e-4  # squared error (33 dB) below which a patch counts less and less in "psnr"


def pixel_loss(
    name: LossName, sr: Float[Tensor, "b c h w"], hr: Float[Tensor, "b c h w"]
) -> Float[Tensor, ""]:
    """L1 (the paper's), Charbonnier (a smooth L1), squared error, or PSNR itself.

    The last is the mean over patches of log(squared error), nearly: benchmarks average the PSNR of
    pictures, so that an easy picture counts as much as a hard one, which for the squared error
    counts for all.
    """
    if name == "l1":
        return l1_loss(sr, hr)
    if name == "mse":
        return mse_loss(sr, hr)
    if name == "psnr":
        return torch.log((sr - hr).square().mean((1, 2, 3)) + _LEAST).mean()
    return torch.sqrt((sr - hr).square() + _EPSILON**2).mean()
