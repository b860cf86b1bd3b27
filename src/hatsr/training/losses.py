"""Pixel losses, averaged over everything."""

from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import l1_loss, mse_loss

LossName = Literal["l1", "charbonnier", "mse"]
_EPSILON = 1e-3  # of Charbonnier, on the scale of [0, 1]


def pixel_loss(
    name: LossName, sr: Float[Tensor, "b c h w"], hr: Float[Tensor, "b c h w"]
) -> Float[Tensor, ""]:
    """L1 (the paper's), Charbonnier (a smooth L1) or squared error."""
    if name == "l1":
        return l1_loss(sr, hr)
    if name == "mse":
        return mse_loss(sr, hr)
    return torch.sqrt((sr - hr).square() + _EPSILON**2).mean()
