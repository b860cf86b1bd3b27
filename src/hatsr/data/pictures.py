"""Pixels of one picture: decoding to 8 bit, and LR from HR as the benchmarks make it."""

from fractions import Fraction
from pathlib import Path

import numpy as np
from jaxtyping import Float, UInt8

from hatsr.image import encode as write_bytes
from hatsr.image import from_array, modcrop, read, to_codes
from hatsr.resize import imresize


def decode(picture: Path | bytes) -> UInt8[np.ndarray, "h w 3"]:
    """Decode a file, or its bytes, to 8-bit RGB.

    Raises:
        OSError, ValueError: it cannot be decoded.
    """
    return to_codes(read(picture).rgb, 8)


def encode(rgb: UInt8[np.ndarray, "h w 3"]) -> bytes:
    """A PNG file."""
    return write_bytes(from_array(rgb), "png")


def downsample(hr: UInt8[np.ndarray, "h w 3"], scale: int) -> UInt8[np.ndarray, "lr_h lr_w 3"]:
    """LR of a whole picture, bit for bit as the benchmarks' (MATLAB, rounded to 8 bit)."""
    return imresize(np.ascontiguousarray(modcrop(hr, scale)), Fraction(1, scale))


def downsample_float(
    hr: UInt8[np.ndarray, "h w 3"], scale: int
) -> Float[np.ndarray, "lr_h lr_w 3"]:
    """LR of an HR crop in [0, 1], without rounding (pre-training on the fly); may overshoot."""
    return imresize(hr.astype(np.float32) / 255, Fraction(1, scale))


def at_least(hr: UInt8[np.ndarray, "h w 3"], side: int) -> UInt8[np.ndarray, "grown_h grown_w 3"]:
    """The picture, enlarged where its shorter side is below `side` (small ImageNet pictures)."""
    height, width = hr.shape[:2]
    if min(height, width) >= side:
        return hr
    grow = Fraction(side, min(height, width))
    return imresize(hr, size=(max(side, round(height * grow)), max(side, round(width * grow))))
