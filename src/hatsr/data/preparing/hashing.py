"""Perceptual hashes: the same picture at another size, format or mirrored has a near hash."""

import numpy as np
from jaxtyping import Bool, UInt8

from hatsr.resize import imresize

_SIDE = 16
NEAR = 26
"""Hashes that differ in at most so many of 256 bits are of one picture (unrelated: about 128)."""
UNLIKE = 100
"""Hashes that differ in so many bits are of two pictures, however bad the LR of one of them is."""
_FLAT = 0.05
"""Levels of 255 that rounding may add between neighbours: they count as equally bright."""


def picture_hash(rgb: UInt8[np.ndarray, "h w 3"]) -> UInt8[np.ndarray, "bytes"]:
    """256 bits: which of neighbouring pixels of a 16 x 17 gray copy is the brighter one."""
    return np.packbits(_bits(rgb))


def mirrored_hash(rgb: UInt8[np.ndarray, "h w 3"]) -> UInt8[np.ndarray, "bytes"]:
    """The hash of the picture mirrored left and right."""
    return np.packbits(_bits(rgb[:, ::-1]))


def _bits(rgb: UInt8[np.ndarray, "h w 3"]) -> Bool[np.ndarray, "16 16"]:
    gray = rgb.astype(np.float32) @ np.array([0.299, 0.587, 0.114], dtype=np.float32)
    small = imresize(np.ascontiguousarray(gray), size=(_SIDE, _SIDE + 1))
    return small[:, 1:] > small[:, :-1] + _FLAT


def distance(a: UInt8[np.ndarray, "*n bytes"], b: UInt8[np.ndarray, "*m bytes"]) -> np.ndarray:
    """Bits that differ, over the last axis."""
    return np.asarray(np.unpackbits(np.bitwise_xor(a, b, dtype=np.uint8), axis=-1).sum(-1))
