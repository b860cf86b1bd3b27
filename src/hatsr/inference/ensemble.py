"""Geometric self-ensemble, the "+" of the tables."""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

EXTRA = 2
"""Pictures of the result's size beside the one that `upscale` makes: the sum, and one turned."""
_SIDES = ((), (-1,), (-2,), (-2, -1))
_OTHERS = [(exchanged, sides) for exchanged in (False, True) for sides in _SIDES][1:]
"""All variants but the picture itself: height and width exchanged or not, sides flipped."""


@torch.inference_mode()
def self_ensemble(upscale: Callable[[Tensor], Tensor], lr: Float[Tensor, "b c h w"]) -> Tensor:
    """Mean of the SR of all 8 flips and right-angle turns of `lr`, each turned back.

    Eight times the work of `upscale`; `EXTRA` more pictures of its result are in memory. Round
    afterwards, not before.

    Args:
        upscale: Any enlargement of both sides by one factor.
        lr: The picture.

    Returns:
        What `upscale` returns for `lr`: the same shape and range.
    """
    total = upscale(lr.contiguous()).clone()
    for exchanged, sides in _OTHERS:
        variant = lr.mT if exchanged else lr
        sr = upscale(variant.flip(sides).contiguous()).flip(sides)
        total += sr.mT if exchanged else sr
    return total.div_(8)
