"""PSNR and SSIM of the benchmark protocol: 8-bit pictures in, double precision throughout."""

from functools import cache
from math import inf, log10
from typing import Literal, NamedTuple

import numpy as np
from jaxtyping import Float, Num

from hatsr.image import luma

Channel = Literal["y", "rgb"]
"""What is measured: BT.601 luma, as the published tables do, or all of R, G and B."""

_WINDOW = 11
_SIGMA = 1.5  # pixels
_C1, _C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
_STRIP = 24  # rows that SSIM works on at a time, so that its maps stay in the cache
_WIDE = 256  # columns that are filtered together along height

Planes = Num[np.ndarray, "c h w"]
"""Luma in double precision, or the 8-bit codes of R, G and B."""


def psnr(sr: np.ndarray, hr: np.ndarray, *, crop: int = 0, channel: Channel = "y") -> float:
    """Peak signal-to-noise ratio in dB, of peak 255; infinite for equal pictures.

    Args:
        sr: the picture judged, uint8 of shape h w 3.
        hr: the true picture, uint8 of the same shape.
        crop: pixels left out at each side; the protocol's is the scale.
        channel: "y" for luma, "rgb" for one error over all three channels.

    Raises:
        ValueError: pictures that are not 8-bit RGB of one shape, or nothing left after `crop`.
    """
    return _psnr(*_planes(sr, hr, crop, channel, smallest=1))


def ssim(sr: np.ndarray, hr: np.ndarray, *, crop: int = 0, channel: Channel = "y") -> float:
    """Structural similarity, at most 1: Gaussian window 11 x 11 of sigma 1.5, valid region only.

    Arguments and errors are those of `psnr`; what is left after `crop` must hold one window.
    "rgb" is the mean of the three channels' values.
    """
    return _ssim(*_planes(sr, hr, crop, channel, smallest=_WINDOW))


class Quality(NamedTuple):
    """The four numbers of the benchmark."""

    psnr: float
    """PSNR of luma, dB."""
    ssim: float
    """SSIM of luma."""
    psnr_rgb: float
    """PSNR over R, G and B, dB."""
    ssim_rgb: float
    """Mean of the SSIM of R, G and B."""


def quality(sr: np.ndarray, hr: np.ndarray, *, crop: int) -> Quality:
    """`psnr` and `ssim` of both channels, luma computed once; arguments and errors are theirs."""
    y = _planes(sr, hr, crop, "y", smallest=_WINDOW)
    rgb = _planes(sr, hr, crop, "rgb", smallest=_WINDOW)
    return Quality(_psnr(*y), _ssim(*y), _psnr(*rgb), _ssim(*rgb))


def _planes(
    sr: np.ndarray, hr: np.ndarray, crop: int, channel: Channel, smallest: int
) -> tuple[Planes, Planes]:
    """Both pictures checked, cropped and as planes to compare."""
    if channel not in ("y", "rgb"):
        raise ValueError(f"channel must be 'y' or 'rgb', got {channel!r}")
    for name, picture in (("sr", sr), ("hr", hr)):
        if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3:
            raise ValueError(
                f"{name} must be uint8 of shape h w 3, got {picture.dtype} of {picture.shape}"
            )
    if sr.shape != hr.shape:
        raise ValueError(
            f"sr must have the shape of hr, {hr.shape}, got {sr.shape}; crop hr to a multiple of "
            "the scale first"
        )
    height, width = sr.shape[0] - 2 * crop, sr.shape[1] - 2 * crop
    if crop < 0 or min(height, width) < smallest:
        raise ValueError(
            f"pictures must keep at least {smallest} x {smallest} pixels after the crop, "
            f"got {height} x {width} with crop {crop}"
        )
    inner = slice(crop, crop + height), slice(crop, crop + width)
    if channel == "y":
        return luma(sr[inner])[None], luma(hr[inner])[None]
    return np.moveaxis(sr[inner], 2, 0), np.moveaxis(hr[inner], 2, 0)


def _psnr(sr: Planes, hr: Planes) -> float:
    errors = (np.subtract(x, y, dtype=np.float64) for x, y in zip(sr, hr, strict=True))
    mse = sum(float(np.einsum("hw,hw->", error, error)) for error in errors) / sr.size
    return 10 * log10(255**2 / mse) if mse else inf


def _ssim(sr: Planes, hr: Planes) -> float:
    return float(np.mean([_ssim_plane(x, y) for x, y in zip(sr, hr, strict=True)]))


def _ssim_plane(x: Num[np.ndarray, "h w"], y: Num[np.ndarray, "h w"]) -> float:
    height, width = (side - _WINDOW + 1 for side in x.shape)
    starts = range(0, height, _STRIP)
    strips = (slice(first, first + _STRIP + _WINDOW - 1) for first in starts)
    return sum(_ssim_map(x[strip], y[strip]).sum() for strip in strips) / (height * width)


def _ssim_map(x: Num[np.ndarray, "h w"], y: Num[np.ndarray, "h w"]) -> np.ndarray:
    maps = np.empty((4, *x.shape))
    maps[:2] = x, y
    maps[2] = maps[0] ** 2
    maps[2] += maps[1] ** 2
    np.multiply(maps[0], maps[1], out=maps[3])
    mean_x, mean_y, squares, products = _blur(maps)
    mean_product, mean_squares = mean_x * mean_y, mean_x**2 + mean_y**2
    squares -= mean_squares  # variance of x plus that of y
    products -= mean_product  # covariance
    similar = (2 * mean_product + _C1) * (2 * products + _C2)
    return similar / ((mean_squares + _C1) * (squares + _C2))


def _blur(planes: Float[np.ndarray, "c h w"]) -> np.ndarray:
    """Valid Gaussian filtering, along height and then along width.

    Both are matrix products with a band of weights, a block at a time: most of a larger band would
    be zeros, and NumPy would give a larger product to all processors, where networks run.
    """
    count, height, width = planes.shape
    height, width = height - _WINDOW + 1, width - _WINDOW + 1
    tall, band = np.empty((count, height, width + _WINDOW - 1)), _band(height).T
    for first in range(0, tall.shape[2], _WIDE):
        block = slice(first, first + _WIDE)
        np.matmul(band, planes[:, :, block], out=tall[:, :, block])
    blurred = np.empty((count, height, width))
    for first in range(0, width, _STRIP):
        block = slice(first, min(width, first + _STRIP))
        seen = slice(first, block.stop + _WINDOW - 1)
        np.matmul(tall[:, :, seen], _band(block.stop - first), out=blurred[:, :, block])
    return blurred


@cache
def _band(outputs: int) -> np.ndarray:
    """Weights of outputs + 10 pixels of a row (down) in that many filtered ones (across)."""
    weights = np.exp(-((np.arange(_WINDOW) - _WINDOW // 2) ** 2) / (2 * _SIGMA**2))
    band = np.zeros((outputs + _WINDOW - 1, outputs))
    for each in range(outputs):
        band[each : each + _WINDOW, each] = weights / weights.sum()
    return band
