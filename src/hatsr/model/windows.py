"""Windows of a picture: cutting, merging, masks and relative positions. Pure functions."""

from functools import lru_cache

import torch
from einops import rearrange
from jaxtyping import Float, Int
from torch import Tensor

from hatsr.native import WindowRows

MASKED = -100.0
"""What the shift mask adds to a score across a seam (not minus infinity; Swin's value)."""


def partition(x: Float[Tensor, "b h w c"], size: int) -> Float[Tensor, "n q c"]:
    """Cut features into non-overlapping windows of `size` x `size`, row by row."""
    return rearrange(x, "b (i y) (j x) c -> (b i j) (y x) c", y=size, x=size)


def merge(
    windows: Float[Tensor, "n q c"], size: int, height: int, width: int
) -> Float[Tensor, "b h w c"]:
    """Put windows back in their places; the inverse of `partition`."""
    rows, cols = height // size, width // size
    return rearrange(windows, "(b i j) (y x) c -> b (i y) (j x) c", i=rows, j=cols, y=size, x=size)


def overlapping_partition(
    x: Float[Tensor, "b h w c"], size: int, overlap_size: int
) -> Float[Tensor, "n k c"]:
    """Cut windows of `overlap_size` at a stride of `size`, zeros outside (figure 5)."""
    margin = (overlap_size - size) // 2
    padded = torch.nn.functional.pad(x, (0, 0, margin, margin, margin, margin))
    windows = padded.unfold(1, overlap_size, size).unfold(2, overlap_size, size)
    return rearrange(windows, "b i j c y x -> (b i j) (y x) c")


def window_regions(height: int, width: int, size: int, shift: int) -> Int[Tensor, "n q"]:
    """Number the up to nine regions that a cyclic shift brings together, window by window.

    Positions of one window attend to each other only where their numbers are equal.
    """

    def bands(length: int) -> Int[Tensor, " length"]:
        position = torch.arange(length)
        return (position >= length - size).long() + (position >= length - shift).long()

    regions = bands(height)[:, None] * 3 + bands(width)
    return partition(regions[None, :, :, None].float(), size)[..., 0].long()


def shift_mask(height: int, width: int, size: int, shift: int) -> Float[Tensor, "n q q"]:
    """What is added to the scores of shifted windows: 0, or -100 across a seam."""
    regions = window_regions(height, width, size, shift)
    return (regions[:, :, None] != regions[:, None, :]).float() * MASKED


@lru_cache(maxsize=4)  # large tables: those of the last sizes only
def window_places(height: int, width: int, size: int, shift: int) -> WindowRows:
    """Which pixels are in each window after a cyclic shift, and which of them see each other."""
    with torch.inference_mode(False):  # they may be kept for a backward pass
        number = torch.arange(height * width, dtype=torch.float64).view(1, height, width, 1)
        rows = partition(number.roll((-shift, -shift), (1, 2)), size)[..., 0].int()
        if not shift:
            return WindowRows(rows, rows)
        regions = window_regions(height, width, size, shift).int()
        seams = (regions != regions[:, :1]).any(1).to(torch.uint8)
        return WindowRows(rows, rows, regions, seams)


@lru_cache(maxsize=2)
def overlapping_places(height: int, width: int, size: int, overlap_size: int) -> WindowRows:
    """Which pixels are in each window of queries, and in its larger window of keys."""
    with torch.inference_mode(False):
        number = torch.arange(height * width, dtype=torch.float64).view(1, height, width, 1)
        keys = overlapping_partition(number + 1, size, overlap_size)[..., 0].int() - 1
        return WindowRows(partition(number, size)[..., 0].int(), keys, shared=True)


def _grid(size: int) -> Int[Tensor, "q 2"]:
    position = torch.arange(size)
    return torch.cartesian_prod(position, position)


def relative_position_index(size: int) -> Int[Tensor, "q q"]:
    """Row of the bias table, (2 size - 1)^2 rows, for each query and key of a window."""
    grid = _grid(size)
    offset = grid[:, None] - grid[None, :] + size - 1
    return offset[..., 0] * (2 * size - 1) + offset[..., 1]


def overlapping_relative_position_index(size: int, overlap_size: int) -> Int[Tensor, "q k"]:
    """Row of OCAB's bias table, (size + overlap_size - 1)^2 rows, for each query and key.

    As in the official networks some are negative (-880 to 640 for a window of 16): these count
    from the table's end.
    """
    offset = _grid(overlap_size)[None, :] - _grid(size)[:, None] + size - overlap_size + 1
    return offset[..., 0] * (size + overlap_size - 1) + offset[..., 1]


def reflect_index(length: int, target: int) -> Int[Tensor, " target"]:
    """Positions that extend `length` pixels to `target` by reflection, repeated as needed."""
    if length == 1:
        return torch.zeros(target, dtype=torch.long)
    position = torch.arange(target) % (2 * (length - 1))
    return torch.minimum(position, 2 * (length - 1) - position)


def pad_to_multiple(x: Float[Tensor, "b c h w"], size: int) -> Float[Tensor, "b c ph pw"]:
    """Extend right and bottom by reflection to multiples of `size`; works from 1 x 1 up."""
    height, width = x.shape[-2:]
    rows, cols = -(-height // size) * size, -(-width // size) * size
    if rows > height:
        x = x.index_select(2, reflect_index(height, rows).to(x.device))
    if cols > width:
        x = x.index_select(3, reflect_index(width, cols).to(x.device))
    return x
