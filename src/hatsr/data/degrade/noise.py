"""Gaussian and Poisson noise, of each channel or the same in all."""

from functools import lru_cache

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from hatsr.data.degrade.keys import Key
from hatsr.data.degrade.parameters import Noise
from hatsr.image import FULL_RANGE_LUMA_WEIGHTS, to_codes


def gaussian_noise(
    picture: Float[Tensor, "3 h w"], sigma: float, gray: bool, key: Key
) -> Float[Tensor, "3 h w"]:
    """The picture in [0, 1] with normal noise added; not clamped.

    Args:
        picture: in [0, 1].
        sigma: standard deviation, levels of 255.
        gray: the same noise in all channels.
        key: of the noise.
    """
    shape = (1 if gray else picture.shape[0], *picture.shape[1:])
    return picture + key.normals(*shape).to(picture) * (sigma / 255)


def poisson_noise(
    picture: Float[Tensor, "3 h w"], factor: float, gray: bool, key: Key
) -> Float[Tensor, "3 h w"]:
    """The picture in [0, 1] with Poisson noise, as of counted photons, added; not clamped.

    A value v in 8 bit is a mean count of v n with n the number of different values in the picture,
    rounded up to a power of two; the difference of the count / n from v is the noise. Its variance
    is factor^2 v / n.

    Args:
        picture: in [0, 1].
        factor: of the noise.
        gray: the noise of the gray picture, the same in all channels.
        key: of the noise.
    """
    values = _gray(picture) if gray else picture
    codes = to_codes(values.detach().cpu().numpy())
    count = len(np.unique(codes))
    n = 1 << (count - 1).bit_length()
    counts = _poisson(codes, n, key.uniforms(*codes.shape))
    noise = torch.from_numpy(counts / n - codes / 255)
    return picture + noise.to(picture) * factor


def _gray(picture: Float[Tensor, "3 h w"]) -> Float[Tensor, "1 h w"]:
    weights = torch.tensor(FULL_RANGE_LUMA_WEIGHTS, dtype=picture.dtype, device=picture.device)
    return (picture * weights[:, None, None]).sum(0, keepdim=True)


def _poisson(codes: np.ndarray, n: int, uniforms: np.ndarray) -> np.ndarray:
    """Counts of mean codes / 255 n, by the inverse of their distribution."""
    table, width = _cumulative(n)
    level = codes.astype(np.int64)
    counts = np.searchsorted(table, level + uniforms, side="left") - level * width
    return np.maximum(counts, 0)  # a number next to 0 is lost beside its code


@lru_cache(maxsize=9)
def _cumulative(n: int) -> tuple[np.ndarray, int]:
    """For all 256 codes c, one after the other, c + P(count <= k) for k = 0, 1, ...; and how many.

    Counts are cut where the largest mean's distribution has less than a double's precision left.
    """
    width = int(n + 10 * n**0.5 + 20)
    k = torch.arange(width, dtype=torch.float64)
    mean = torch.arange(256, dtype=torch.float64)[:, None] / 255 * n
    log = torch.special.xlogy(k, mean) - mean - torch.lgamma(k + 1)
    below = torch.exp(log).cumsum(1)
    below[:, -1] = 1.0
    table = torch.arange(256, dtype=torch.float64)[:, None] + below.clamp(max=1.0)
    return table.flatten().numpy(), width


def random_noise(picture: Float[Tensor, "3 h w"], noise: Noise, key: Key) -> Float[Tensor, "3 h w"]:
    """The picture with noise drawn for the key, clamped; or as it is."""
    whether, kind, gray_key, strength, own = key.fork(5)
    if whether.uniform() >= noise.probability:
        return picture
    gray = gray_key.uniform() < noise.gray
    if kind.uniform() < noise.gaussian:
        low, high = noise.sigma
        sigma = low + (high - low) * strength.uniform() ** noise.skew
        return gaussian_noise(picture, sigma, gray, own).clamp(0, 1)
    return poisson_noise(picture, strength.uniform(*noise.poisson), gray, own).clamp(0, 1)
