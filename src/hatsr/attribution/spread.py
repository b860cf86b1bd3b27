"""How widely an attribution is spread: Gini coefficient, diffusion index, area of contribution."""

import numpy as np
from jaxtyping import Float
from numpy import ndarray

_OFFSET = 1e-7
"""Added to every value, so that a map of zeros has a Gini coefficient (0)."""
_LEAST_VARIANCE = 0.25
"""Of the kernel in any direction, LR pixels squared: below it the kernel misses the grid."""


def gini(attribution: Float[ndarray, "h w"]) -> float:
    """Inequality of the values, in double precision: 0 for equal ones, 1 - 1 / n for one hot.

    sum((2 i - n - 1) a_i) / (n sum(a)) over the values in ascending order, i = 1 .. n.
    """
    values = np.sort(attribution.astype(np.float64), axis=None) + _OFFSET
    n = values.size
    ranks = 2 * np.arange(1, n + 1) - n - 1
    return float((ranks * values).sum() / (n * values.sum()))


def diffusion_index(attribution: Float[ndarray, "h w"]) -> float:
    """DI = 100 (1 - Gini): near 0 where few pixels count, 100 where all count the same."""
    return 100 * (1 - gini(attribution))


def covariance(weights: Float[ndarray, "h w"]) -> Float[ndarray, "2 2"]:
    """Kernel covariance by Scott's rule, order row, column.

    The weighted covariance of the positions times n ** (-1 / 3), where n = 1 / sum(w^2) is the
    effective number of points of weights with sum 1.
    """
    w = weights / weights.sum()
    points = np.indices(w.shape).reshape(2, -1)
    squares = float((w**2).sum())
    if squares > 1 - 1e-9:
        return np.eye(2) * _LEAST_VARIANCE
    found = np.cov(points, aweights=w.ravel()) * squares ** (1 / 3)
    if np.linalg.eigvalsh(found)[0] < _LEAST_VARIANCE:
        found = found + np.eye(2) * _LEAST_VARIANCE
    return found


def contribution_area(weights: Float[ndarray, "h w"]) -> Float[ndarray, "h w"]:
    """Density of the attribution over the picture, divided by its maximum.

    One Gaussian stands at each pixel, weighted by the map (zeros outside); their sum is a
    convolution, done by FFT.

    Args:
        weights: an attribution map, 0 or more.

    Returns:
        In [0, 1]; zeros for a map of zeros.
    """
    if not weights.any():
        return np.zeros_like(weights)
    h, w = weights.shape
    rows, cols = np.mgrid[1 - h : h, 1 - w : w]
    (rr, rc), (_, cc) = np.linalg.inv(covariance(weights))
    kernel = np.exp(-(rr * rows**2 + 2 * rc * rows * cols + cc * cols**2) / 2)
    size = (3 * h - 2, 3 * w - 2)
    product = np.fft.rfft2(weights, size) * np.fft.rfft2(kernel, size)
    density = np.fft.irfft2(product, size)[h - 1 : 2 * h - 1, w - 1 : 2 * w - 1].clip(0)
    return density / density.max()
