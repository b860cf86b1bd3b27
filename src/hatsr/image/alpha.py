"""Colour under transparent pixels."""

import numpy as np
from jaxtyping import Float32

_KEEP = 1 / 16
"""Opacity from which a pixel's colour is kept as it is; below, it fades into its surroundings'."""


def bleed(
    rgb: Float32[np.ndarray, "h w 3"], alpha: Float32[np.ndarray, "h w"]
) -> Float32[np.ndarray, "h w 3"]:
    """Continue the colour of opaque pixels into the transparent ones around them.

    Transparent pixels often hold black. Enlarging would mix it into the edge and leave a dark
    fringe. Here they take the mean colour, weighted by opacity, of the smallest neighbourhood in a
    pyramid of halved pictures that has any (push, then pull).

    Args:
        rgb: Colour in [0, 1], not multiplied by alpha.
        alpha: Opacity in [0, 1].

    Returns:
        Colour, the same where alpha is 1/16 or more; ``rgb`` itself when every pixel is opaque
        enough, or none is at all.
    """
    keep = np.minimum(alpha / np.float32(_KEEP), 1)[..., None]  # h w 1
    if keep.min() == 1 or keep.max() == 0:
        return rgb
    filled = _fill(rgb, alpha[..., None])
    filled += keep * (rgb - filled)
    return np.where(keep == 1, rgb, filled)


def _fill(
    colour: Float32[np.ndarray, "h w 3"], weight: Float32[np.ndarray, "h w 1"]
) -> Float32[np.ndarray, "h w 3"]:
    """Colour where the weight is 1, that of the surroundings where it is 0, mixed in between."""
    height, width = weight.shape[:2]
    if height == width == 1 or weight.min() == 1:
        return colour.copy()
    sums, weights = _quarter(colour * weight), _quarter(weight)
    means = np.divide(sums, weights, out=np.zeros_like(sums), where=weights > 0)
    coarse = _double(_fill(means, np.minimum(weights, 1)))[:height, :width]
    return coarse + weight * (colour - coarse)


def _quarter(values: Float32[np.ndarray, "h w c"]) -> Float32[np.ndarray, "half_h half_w c"]:
    """Sum of each 2 x 2 block; a missing row or column counts as zero."""
    height, width = values.shape[:2]
    even = np.pad(values, ((0, height % 2), (0, width % 2), (0, 0)))
    return even[::2, ::2] + even[1::2, ::2] + even[::2, 1::2] + even[1::2, 1::2]


def _double(values: Float32[np.ndarray, "h w c"]) -> Float32[np.ndarray, "double_h double_w c"]:
    """Twice as large, bilinear: each new pixel is 3/4 its own cell and 1/4 the next one."""
    for axis in (0, 1):
        cells = np.moveaxis(values, axis, 0)
        padded = np.concatenate([cells[:1], cells, cells[-1:]])
        double = np.empty((2 * len(cells), *cells.shape[1:]), np.float32)
        double[::2] = (padded[:-2] + 3 * cells) / 4
        double[1::2] = (padded[2:] + 3 * cells) / 4
        values = np.moveaxis(double, 0, axis)
    return values
