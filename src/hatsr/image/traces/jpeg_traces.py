"""Whether a picture was a JPEG before it came into another file, told by its pixels alone."""

import numpy as np
from jaxtyping import Float32, Float64

from hatsr.image.bitstreams.jpeg_quality import jpeg_tables
from hatsr.image.codes import FULL_RANGE_LUMA_WEIGHTS

_MAX_BLOCKS = 1024
"""Blocks to look at."""
_FEWEST = 16
"""Blocks to tell anything by."""
_QUALITIES = range(10, 96)
"""Above, steps of 1 leave no trace beside the rounding of pixels; below, flat drawings may fit."""
_CERTAIN = 15.0
"""Standard deviations above chance. Measured: below 5 without, above 25 with a JPEG in the past."""
_CLOSE = 0.35
"""Mean cosine, 1 when all coefficients are whole steps. Measured: below 0.25, above 0.42."""


def former_jpeg_quality(rgb: Float32[np.ndarray, "h w 3"]) -> int | None:
    """The quality, 10 to 95, of the JPEG file that a picture was.

    The cosine transform of its blocks of 8 x 8 then has whole multiples of the steps of one
    quality; of any other picture none (Fan and de Queiroz, Identification of Bitmap Compression
    History, IEEE TIP 2003; there by likelihood, here by the mean cosine of the coefficients over
    their steps, zeros left out).

    Args:
        rgb: colour in [0, 1], with the blocks where they were: seen is neither a JPEG that was
            cropped off its grid or resized, nor one with tables other than those of libjpeg.

    Returns:
        None where there is no trace.
    """
    coefficients = _coefficients(rgb)
    if len(coefficients) < _FEWEST:
        return None
    found = [_fit(coefficients, jpeg_tables(quality)[0]) for quality in _QUALITIES]
    best = int(np.argmax([certainty for certainty, _ in found]))
    certainty, closeness = found[best]
    is_sure = certainty > _CERTAIN and closeness > _CLOSE
    return _QUALITIES[best] if is_sure else None


def _fit(coefficients: Float64[np.ndarray, "n 8 8"], steps: np.ndarray) -> tuple[float, float]:
    """How near coefficients are to whole steps: standard deviations above chance, mean cosine."""
    told = (np.abs(coefficients) > steps / 2) & (steps > 1)
    if not told.any():
        return 0.0, 0.0
    cosines = np.cos(2 * np.pi * coefficients / steps)[told]
    return float(cosines.sum() / (cosines.size / 2) ** 0.5), float(cosines.mean())


def _coefficients(rgb: Float32[np.ndarray, "h w 3"]) -> Float64[np.ndarray, "n 8 8"]:
    """The cosine transform of luma, in levels, in blocks spread evenly over the picture."""
    height, width = (side // 8 * 8 for side in rgb.shape[:2])
    parts = rgb[:height, :width].reshape(height // 8, 8, width // 8, 8, 3)
    step = max(1, round((parts.shape[0] * parts.shape[2] / _MAX_BLOCKS) ** 0.5))
    chosen = parts[::step, :, ::step].astype(np.float64)
    levels = chosen @ np.array(FULL_RANGE_LUMA_WEIGHTS) * 255 - 128
    return np.einsum("uy,nymx,vx->nmuv", _BASIS, levels, _BASIS).reshape(-1, 8, 8)


def _cosines() -> Float64[np.ndarray, "8 8"]:
    """The orthonormal cosine transform: frequency, place."""
    place = np.arange(8)
    basis = np.cos(place[:, None] * (2 * place + 1) * np.pi / 16) / 2
    basis[0] /= 2**0.5
    return basis


_BASIS = _cosines()
