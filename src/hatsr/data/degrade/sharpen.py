"""Unsharp masking of HR, as the published real-world trainings apply it to what is learned."""

import torch
from jaxtyping import Float
from torch import Tensor

from hatsr.data.degrade.blur import convolve, elliptic_kernel

_SIZE, _SIGMA = 51, 8.0  # pixels
_WEIGHT = 0.5
_THRESHOLD = 10 / 255


def sharpen(picture: Float[Tensor, "3 h w"]) -> Float[Tensor, "3 h w"]:
    """A picture in [0, 1] with half of what a Gaussian of sigma 8 takes away added again.

    Only near values that differ from the blurred ones by more than 10 levels; the mask of these is
    blurred by the same Gaussian.
    """
    kernel = elliptic_kernel(_SIZE, (_SIGMA, _SIGMA))
    detail = picture - convolve(picture, kernel)
    mask = convolve((detail.abs() > _THRESHOLD).to(picture), kernel)
    return torch.lerp(picture, (picture + _WEIGHT * detail).clamp(0, 1), mask)
