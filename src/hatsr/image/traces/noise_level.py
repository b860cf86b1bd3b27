"""How noisy a picture is, told by its pixels alone."""

import numpy as np
from jaxtyping import Float32, Float64

_SIDE = 5
"""Of a patch, pixels."""
_MOST = 40_000
"""Patches to look at: more change the second decimal only."""


def noise_level(rgb: Float32[np.ndarray, "h w 3"]) -> float | None:
    """The standard deviation of the noise, in levels of 255.

    The picture's own content varies in few directions of the space of its patches, independent
    noise in all of them by the same amount: the mean of the smallest eigenvalues of the patches'
    covariance, as many as have their mean at their median, is the variance of the noise (Chen, Zhu
    and Heng, An Efficient Statistical Method for Image Noise Level Estimation, ICCV 2015).

    Args:
        rgb: colour in [0, 1]. The channels tell noise from fine texture, which they share.

    Returns:
        None for a gray picture and for one too small to tell. Noise that was compressed (JPEG with
        less colour than light) is no longer independent and counts for little.
    """
    patches = _patches(rgb)
    dimensions = 3 * _SIDE**2
    if len(patches) < 4 * dimensions or (rgb[..., :1] == rgb).all():
        return None
    values = np.linalg.eigvalsh(np.cov(patches.T))  # rising
    smallest = (values[:count] for count in range(dimensions, 0, -1))
    noise = next(part.mean() for part in smallest if part.mean() <= np.median(part))
    return 255 * float(np.sqrt(max(noise, 0)))


def _patches(rgb: Float32[np.ndarray, "h w 3"]) -> Float64[np.ndarray, "n d"]:
    """Patches of all channels, spread evenly over the picture."""
    if min(rgb.shape[:2]) < _SIDE:
        return np.empty((0, 3 * _SIDE**2))
    windows = np.lib.stride_tricks.sliding_window_view(rgb, (_SIDE, _SIDE), axis=(0, 1))
    step = max(1, round((windows.shape[0] * windows.shape[1] / _MOST) ** 0.5))
    chosen = windows[::step, ::step]
    return chosen.reshape(chosen.shape[0] * chosen.shape[1], -1).astype(np.float64)
