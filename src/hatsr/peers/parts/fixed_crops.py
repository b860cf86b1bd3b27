"""Pictures of any size through a network that takes crops of one size, as IPT's program does.

Crops begin every quarter of their side; what counts of each is its middle half, and where such
middles overlap, their mean. Up to the picture's edges the outermost crops count alone; so does the
first crop in the top rows that it has.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from hatsr.model.windows import reflect_index

_CROPS_AT_ONCE = 64
"""Crops that are run at a time."""


@dataclass(frozen=True, slots=True)
class CropSpan:
    """A crop along one axis of a picture."""

    start: int
    """First pixel, LR pixels."""
    first: int
    """First pixel that counts, SR pixels of the picture."""
    stop: int
    """The one after the last, SR pixels."""


def last_crop_from(length: int, crop: int, scale: int) -> int:
    """Where the last crop along an axis begins to count alone, SR pixels."""
    rest = (length - crop) % (crop // 4)
    return (length - rest) * scale - int((crop - rest) / 2 * scale)


def crop_spans(length: int, crop: int, scale: int) -> list[CropSpan]:
    """The crops along an axis of at least a crop's length."""
    step, end = crop // 4, last_crop_from(length, crop, scale)
    spans = []
    for start in range(0, length - crop, step):
        first, stop = (start + step) * scale if start else 0, (start + 3 * step) * scale
        if first < end:
            spans.append(CropSpan(start, first, min(stop, end)))
    start = length - crop
    first = end if start % step else (start + step) * scale if start else 0
    return [*spans, CropSpan(start, first, length * scale)]


def upscale_by_crops(
    upscale: Callable[[Tensor], Tensor], lr: Float[Tensor, "b c h w"], crop: int, scale: int
) -> Float[Tensor, "b c sr_h sr_w"]:
    """LR to SR in crops.

    Args:
        upscale: takes LR of crops, ``n c crop crop``, to their SR.
        lr: of any size; sides shorter than a crop are extended by reflection.
        crop: side of the crops, LR pixels, a multiple of 4.
        scale: enlargement factor.
    """
    height, width = lr.shape[2:]
    lr = lr.index_select(2, reflect_index(height, max(height, crop)).to(lr.device))
    lr = lr.index_select(3, reflect_index(width, max(width, crop)).to(lr.device))
    rows, cols = (crop_spans(side, crop, scale) for side in lr.shape[2:])
    places = [(row, col) for row in rows for col in cols]
    total = lr.new_zeros(*lr.shape[:2], *(side * scale for side in lr.shape[2:]))
    count = lr.new_zeros(total.shape[2:])
    first: list[Tensor] = []
    for i in range(0, len(places), _CROPS_AT_ONCE):
        part = places[i : i + _CROPS_AT_ONCE]
        cut = [lr[:, :, r.start : r.start + crop, c.start : c.start + crop] for r, c in part]
        crops = upscale(torch.cat(cut)).split(len(lr))
        first = first or [crops[0]]
        for (row, col), sr in zip(part, crops, strict=True):
            place = (..., slice(row.first, row.stop), slice(col.first, col.stop))
            total[place] += _of_crop(sr, row, col, scale)
            count[place] += 1
    sr = total / count
    alone = min(crop * scale, last_crop_from(lr.shape[3], crop, scale))
    top = (..., slice(0, crop // 4 * scale), slice(0, alone))
    sr[top] = first[0][top]
    return sr[:, :, : height * scale, : width * scale]


def _of_crop(
    sr: Float[Tensor, "b c sr_h sr_w"], row: CropSpan, col: CropSpan, scale: int
) -> Float[Tensor, "b c part_h part_w"]:
    """The part of a crop's SR that counts."""
    top, left = row.start * scale, col.start * scale
    return sr[:, :, row.first - top : row.stop - top, col.first - left : col.stop - left]
