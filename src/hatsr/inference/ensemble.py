"""Geometric self-ensemble, the "+" of the tables."""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor


def self_ensemble(enlarge: Callable[[Tensor], Tensor], lr: Float[Tensor, "b c h w"]) -> Tensor:
    """Mean of the SR of all 8 flips and right-angle turns of `lr`, each turned back.

    Eight times the work of `enlarge`, the memory of one. Round afterwards, not before.

    Args:
        enlarge: Any enlargement of both sides by one factor.
        lr: The picture.

    Returns:
        What `enlarge` returns for `lr`: the same shape and range.
    """
    total = lr.new_zeros(())
    for turns in range(4):
        for mirrored in (False, True):
            variant = torch.rot90(lr.flip(-1) if mirrored else lr, turns, (-2, -1))
            sr = torch.rot90(enlarge(variant.contiguous()), -turns, (-2, -1))
            total = total + (sr.flip(-1) if mirrored else sr)
    return total / 8
