"""The running average of the weights that is validated and exported."""

from copy import deepcopy
from typing import TypeVar

import torch
from torch import Tensor, nn

Module = TypeVar("Module", bound=nn.Module)


def averaged(network: Module) -> Module:
    """A copy to hold the average: in evaluation mode, without gradients."""
    return deepcopy(network).eval().requires_grad_(False)


@torch.no_grad()
def update(average: nn.Module, network: nn.Module, decay: float, step: int) -> None:
    """Move the average towards the weights: a = decay a + (1 - decay) w.

    The decay is smaller in the first steps, so that the average forgets the initial weights.
    """
    decay = min(decay, (1 + step) / (10 + step))
    averages: list[Tensor] = list(average.parameters())
    weights: list[Tensor] = list(network.parameters())
    torch._foreach_lerp_(averages, weights, 1 - decay)  # on a GPU one operation for all
