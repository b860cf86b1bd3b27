"""How much of a picture's fine detail a real-world network takes for a defect."""

from itertools import product

import numpy as np
import torch
from jaxtyping import Float32

from hatsr.image import FULL_RANGE_LUMA_WEIGHTS
from hatsr.inference.upscaler import Upscaler
from hatsr.resize import imresize

_SMALLEST, _LARGEST = 16, 64
"""Sides of the squares to look at, LR pixels; in between a third of the picture's shorter side."""
_FAINT = 6 / 255
"""Added to the detail, so that nothing is told from detail too faint to see."""


def removed_detail(rgb: Float32[np.ndarray, "h w 3"], real: Upscaler) -> float | None:
    """What SR, reduced to LR's size, no longer has of LR, as a share of LR's fine detail.

    From a clean picture a real-world network takes little away; noise, blocks and ringing of
    whatever origin it takes away as far as it can. Four squares of the picture are enlarged.

    Args:
        rgb: LR in [0, 1].
        real: the real-world network.

    Returns:
        Root mean square of what is gone over that of the Laplacian of luma plus six levels; None
        for pictures too small to tell.
    """
    if min(rgb.shape[:2]) < _SMALLEST:
        return None
    gone, detail = zip(*(_energies(patch, real) for patch in _squares(rgb)), strict=True)
    return float(np.sqrt(np.mean(gone)) / (np.sqrt(np.mean(detail)) + _FAINT))


def _squares(rgb: Float32[np.ndarray, "h w 3"]) -> list[Float32[np.ndarray, "side side 3"]]:
    """Squares from the middle of each quarter of a picture."""
    height, width = rgb.shape[:2]
    side = min(max(min(height, width) // 3, _SMALLEST), _LARGEST)
    corners = product(*([(n - side) // 4, (n - side) * 3 // 4] for n in (height, width)))
    return [rgb[top : top + side, left : left + side] for top, left in corners]


def _energies(patch: Float32[np.ndarray, "side side 3"], real: Upscaler) -> tuple[float, float]:
    """Mean squares of what is gone, and of the Laplacian of luma."""
    lr = torch.from_numpy(np.ascontiguousarray(patch.transpose(2, 0, 1)))
    gone = imresize(real.upscale_tensor(lr[None])[0], size=patch.shape[:2]) - lr
    luma = patch @ np.array(FULL_RANGE_LUMA_WEIGHTS, np.float32)
    neighbours = luma[:-2, 1:-1] + luma[2:, 1:-1] + luma[1:-1, :-2] + luma[1:-1, 2:]
    return float(gone.square().mean()), float(np.mean((luma[1:-1, 1:-1] - neighbours / 4) ** 2))
