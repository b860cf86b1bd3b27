"""The arithmetic of codes that the whole package shares: rounding, luma, and HR that fits LR."""

import numpy as np
from jaxtyping import Float, Float32, Float64, Num, UInt, UInt8

from hatsr.image.errors import PictureError

Codes = UInt8[np.ndarray, "h w 3"]
"""A picture in 8-bit RGB."""
LUMA_WEIGHTS = (65.481, 128.553, 24.966)
"""Of R, G and B in [0, 1] for Y of ITU-R BT.601 in studio range, less its offset of 16."""
FULL_RANGE_LUMA_WEIGHTS = (0.299, 0.587, 0.114)
"""Of R, G and B for Y of the same range, as JFIF has it."""
_ROWS = 16
"""Rows that are rounded at once: few enough that they stay in the cache."""


def from_codes(
    codes: Num[np.ndarray, "*shape"], max_code: int | float
) -> Float32[np.ndarray, "*shape"]:
    """Codes 0 ... ``max_code`` to [0, 1]: one correctly rounded float32 division."""
    return np.divide(codes, np.float32(max_code), dtype=np.float32, casting="same_kind")


def to_codes(values: Float[np.ndarray, "*shape"], bits: int = 8) -> UInt[np.ndarray, "*shape"]:
    """[0, 1] to the nearest codes of 8 or 16 bits, halves up; what lies outside is clipped.

    Raises:
        ValueError: a value is not a number or not finite: it would turn black without a message.
    """
    codes = np.empty(values.shape, np.uint8 if bits == 8 else np.uint16)
    max_code = np.float32(2**bits - 1)
    for row in range(0, len(values), _ROWS):
        part = values[row : row + _ROWS]
        if not np.isfinite(part).all():
            raise ValueError(
                f"pixels must be finite, got NaN or infinity in rows {row} to "
                f"{row + len(part) - 1}; compute the picture again with fp32 precision"
            )
        part = np.clip(part, np.float32(0), np.float32(1)) * max_code
        part += np.float32(0.5)
        _cut_off(part, codes[row : row + _ROWS])  # so half goes up
    return codes


def _cut_off(values: Float[np.ndarray, "*shape"], codes: UInt[np.ndarray, "*shape"]) -> None:
    """Write whole codes; channels that lie apart, as a network's, one at a time: that is faster."""
    if values.ndim == 3 and values.strides[2] > values.strides[1]:
        for channel in range(values.shape[2]):
            codes[..., channel] = values[..., channel]
    else:
        codes[...] = values


def unit_floats(values: Num[np.ndarray, "*shape"]) -> Float32[np.ndarray, "*shape"]:
    """Float pixels as float32.

    Raises:
        PictureError: a value outside [0, 1], or not a number.
    """
    low, high = float(values.min()), float(values.max())
    if not (low >= 0 and high <= 1):  # false for NaN as well
        raise PictureError(
            f"float pixels must be in [0, 1], got {low:g} to {high:g}; divide them by their range"
        )
    return values.astype(np.float32)


def luma(rgb: UInt8[np.ndarray, "h w 3"]) -> Float64[np.ndarray, "h w"]:
    """Y of ITU-R BT.601 in studio range, 16 to 235, not rounded.

    Not a product of matrices, which NumPy would give to all processors, where networks run.
    """
    y = np.full(rgb.shape[:-1], 16.0)
    for channel, weight in zip(np.moveaxis(rgb, -1, 0), LUMA_WEIGHTS, strict=True):
        y += channel * (weight / 255)
    return y


def modcrop(hr: Num[np.ndarray, "h w *c"], scale: int) -> Num[np.ndarray, "cropped_h cropped_w *c"]:
    """HR without the rows and columns at the bottom and right that do not fill an LR pixel.

    Args:
        hr: Pixels or codes of any type; the result is a view of them.
        scale: HR pixels along a side of an LR pixel.

    Raises:
        ValueError: a scale below 1, or HR without a single LR pixel.
    """
    if scale < 1:
        raise ValueError(f"scale must be at least 1, got {scale}")
    height, width = hr.shape[0] // scale, hr.shape[1] // scale
    if min(height, width) < 1:
        raise ValueError(
            f"HR must have sides of at least {scale}, got {hr.shape[0]} x {hr.shape[1]}; "
            "leave this picture out"
        )
    return hr[: height * scale, : width * scale]
