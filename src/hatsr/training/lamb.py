"""LAMB: Adam's step, made as long as the weights of its tensor want; for large batches."""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

_LARGEST_NORM = 10.0
"""Norms of weights above it count as this."""
_EPSILON = 1e-6


class Lamb(Optimizer):
    """You et al., ICLR 2020 (algorithm 2), without bias correction, as RCAN-it is trained.

    Args:
        parameters: to change.
        learning_rate: length of a step over the norm of the weights.
        betas: decay of the two moments.
        weight_decay: decoupled.
    """

    def __init__(
        self,
        parameters: Iterable[nn.Parameter],
        learning_rate: float,
        betas: tuple[float, float],
        weight_decay: float = 0.0,
    ) -> None:
        group = {"lr": learning_rate, "betas": betas, "weight_decay": weight_decay}
        super().__init__(parameters, group)

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Change every parameter that has a gradient."""
        loss = closure() if closure else None
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    self._change(parameter, parameter.grad, group)
        return loss

    def _change(self, parameter: Tensor, gradient: Tensor, group: dict[str, Any]) -> None:
        moments = self.state[parameter]
        if not moments:
            moments["mean"] = torch.zeros_like(parameter)
            moments["square"] = torch.zeros_like(parameter)
        first, second = group["betas"]
        mean = moments["mean"].lerp_(gradient, 1 - first)
        square = moments["square"].lerp_(gradient.square(), 1 - second)
        change = mean / (square.sqrt() + _EPSILON) + group["weight_decay"] * parameter
        length, wanted = change.norm(), parameter.norm().clamp(max=_LARGEST_NORM)
        trust = torch.where((length > 0) & (wanted > 0), wanted / length, 1.0)
        parameter.sub_(group["lr"] * trust * change)
