"""PSNR and SSIM of one patch, as figures 2, 7 and 10 print them."""

from math import nan

from jaxtyping import Float
from numpy import ndarray

from hatsr.attribution.objective import Patch
from hatsr.attribution.subject import eight_bit
from hatsr.evaluation import psnr, ssim

_SSIM_WINDOW = 11


def patch_quality(
    sr: Float[ndarray, "h w 3"], hr: Float[ndarray, "h w 3"], patch: Patch, window: int
) -> tuple[float, float]:
    """PSNR in dB and SSIM on Y, of 8-bit codes, without a cropped border.

    SSIM is nan for patches smaller than its own 11 x 11 window.
    """
    (y, x) = patch
    ours, true = (eight_bit(rgb[y : y + window, x : x + window]) for rgb in (sr, hr))
    likeness = ssim(ours, true) if min(ours.shape[:2]) >= _SSIM_WINDOW else nan
    return psnr(ours, true), likeness
