"""How widely an attribution is spread: Gini coefficient and diffusion index."""

import numpy as np
from jaxtyping import Float
from numpy import ndarray

OFFSET = 1e-7
"""Added to every value, so that a map of zeros has a Gini coefficient (0)."""


def gini(attribution: Float[ndarray, "h w"]) -> float:
    """Inequality of the values, in double precision: 0 for equal ones, 1 - 1 / n for one hot.

    sum((2 i - n - 1) a_i) / (n sum(a)) over the values in ascending order, i = 1 .. n.
    """
    values = np.sort(attribution.astype(np.float64), axis=None) + OFFSET
    n = values.size
    ranks = 2 * np.arange(1, n + 1) - n - 1
    return float((ranks * values).sum() / (n * values.sum()))


def diffusion_index(attribution: Float[ndarray, "h w"]) -> float:
    """DI = 100 (1 - Gini): near 0 where few pixels count, 100 where all count the same."""
    return 100 * (1 - gini(attribution))
