"""Degraded copies of one picture side by side, to look at."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import UInt8

from hatsr.data.degrade.keys import sample_key
from hatsr.data.degrade.parameters import Degradation
from hatsr.data.degrade.pipeline import degrade_patch
from hatsr.data.pictures import downsample
from hatsr.image import modcrop

_LARGEST = 96
"""Side of a cell, LR pixels."""
_GAP = 4
_ENLARGE = 2


def grid(
    hr: UInt8[np.ndarray, "h w 3"],
    scale: int,
    models: Sequence[Degradation],
    seed: int = 0,
    columns: int = 7,
) -> UInt8[np.ndarray, "grid_h grid_w 3"]:
    """A row for each degradation: clean LR of the picture's middle, then degraded ones.

    Args:
        hr: the picture.
        scale: of its LR.
        models: the degradations.
        seed: of the keys; cells of one column have the same key.
        columns: degraded copies in a row.

    Raises:
        ValueError: the picture has a side below the scale.
    """
    if min(hr.shape[:2]) < scale:
        raise ValueError(
            f"a picture must have sides of at least the scale {scale}, got "
            f"{hr.shape[0]} x {hr.shape[1]}"
        )
    pair = downsample(hr, scale), modcrop(hr, scale)
    side = min(_LARGEST, *pair[0].shape[:2])
    top, left = ((length - side) // 2 for length in pair[0].shape[:2])
    clean = pair[0][top : top + side, left : left + side]
    rows = []
    for model in models:
        keys = (sample_key(seed, number) for number in range(columns))
        cells = [degrade_patch(pair, (top, left), side, model, key)[0] for key in keys]
        rows.append(_side_by_side([clean, *cells], axis=1))
    return _side_by_side(rows, axis=0)


def _side_by_side(pictures: list[np.ndarray], axis: int) -> np.ndarray:
    """Pictures enlarged by repeating pixels (cells) or as they are (rows), white between them."""
    if axis == 1:
        pictures = [p.repeat(_ENLARGE, 0).repeat(_ENLARGE, 1) for p in pictures]
    shape = list(pictures[0].shape)
    shape[axis] = _GAP
    gap = np.full(shape, 255, dtype=np.uint8)
    joined = [part for picture in pictures for part in (picture, gap)][:-1]
    return np.concatenate(joined, axis)
