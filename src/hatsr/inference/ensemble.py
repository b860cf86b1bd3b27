"""Geometric self-ensemble, the "+" of the tables."""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

EXTRA = 2
"""Pictures of the result's size beside the one that `enlarge` makes: the sum, and one turned."""
_FLIPS = ((), (-1,), (-2,), (-2, -1))


@torch.inference_mode()
def self_ensemble(enlarge: Callable[[Tensor], Tensor], lr: Float[Tensor, "b c h w"]) -> Tensor:
    """Mean of the SR of all 8 flips and right-angle turns of `lr`, each turned back.

    Eight times the work of `enlarge`; `EXTRA` more pictures of its result are in memory. Round
    afterwards, not before.

    Args:
        enlarge: Any enlargement of both sides by one factor.
        lr: The picture.

    Returns:
        What `enlarge` returns for `lr`: the same shape and range.
    """
    total = None
    for exchanged in (False, True):
        picture = lr.mT if exchanged else lr
        for sides in _FLIPS:
            sr = enlarge(picture.flip(sides).contiguous())
            sr = sr.flip(sides) if sides else sr
            sr = sr.mT if exchanged else sr
            total = sr if total is None else total.add_(sr)
    assert total is not None
    return total.div_(8)
