"""Windows of a picture: cutting, merging, masks and relative positions. Pure functions."""

import torch
from einops import rearrange
from jaxtyping import Float, Int, Shaped
from torch import Tensor

MASKED = -100.0
"""What the shift mask adds to a score across a seam (not minus infinity; Swin's value)."""


def partition(x: Shaped[Tensor, "b h w c"], size: int) -> Shaped[Tensor, "n q c"]:
    """Cut features into non-overlapping windows of `size` x `size`, row by row."""
    return rearrange(x, "b (i y) (j x) c -> (b i j) (y x) c", y=size, x=size)


def merge(
    windows: Shaped[Tensor, "n q c"], size: int, height: int, width: int
) -> Shaped[Tensor, "b h w c"]:
    """Put windows back in their places; the inverse of `partition`."""
    rows, cols = height // size, width // size
    return rearrange(windows, "(b i j) (y x) c -> b (i y) (j x) c", i=rows, j=cols, y=size, x=size)


def overlapping_partition(
    x: Shaped[Tensor, "b h w c"], size: int, overlap_size: int
) -> Shaped[Tensor, "n k c"]:
    """Cut windows of `overlap_size` at a stride of `size`, zeros outside (figure 5)."""
    margin = (overlap_size - size) // 2
    padded = torch.nn.functional.pad(x, (0, 0, margin, margin, margin, margin))
    windows = padded.unfold(1, overlap_size, size).unfold(2, overlap_size, size)
    return rearrange(windows, "b i j c y x -> (b i j) (y x) c")


def pixel_numbers(height: int, width: int) -> Int[Tensor, "1 h w 1"]:
    """The pixels of a picture, numbered row by row from 0."""
    return torch.arange(height * width).view(1, height, width, 1)


def window_pixels(height: int, width: int, size: int, shift: int) -> Int[Tensor, "n q"]:
    """Numbers of the pixels of each window after a cyclic shift."""
    number = pixel_numbers(height, width)
    return partition(number.roll((-shift, -shift), (1, 2)), size)[..., 0]


def overlapping_pixels(height: int, width: int, size: int, overlap_size: int) -> Int[Tensor, "n k"]:
    """Numbers of the pixels of each window of `overlapping_partition`; -1 outside the picture."""
    return overlapping_partition(pixel_numbers(height, width) + 1, size, overlap_size)[..., 0] - 1


def window_kinds(height: int, width: int, size: int) -> Int[Tensor, " n"]:
    """Row of `seam_regions` for each window: the last row and the last column see a seam."""
    rows, cols = height // size, width // size
    last_row, last_col = torch.arange(rows) == rows - 1, torch.arange(cols) == cols - 1
    return (2 * last_row.long()[:, None] + last_col.long()).flatten()


def seam_regions(size: int, shift: int) -> Int[Tensor, "4 q"]:
    """Number the regions that a cyclic shift brings together in a window.

    Positions attend to each other only where their numbers are equal. There are four kinds of
    windows: inside (one region), in the last column, in the last row, in the corner.
    """
    beyond = (torch.arange(size) >= size - shift).long()
    row = beyond * torch.tensor([0, 0, 1, 1])[:, None]  # kind y
    col = beyond * torch.tensor([0, 1, 0, 1])[:, None]  # kind x
    return (2 * row[:, :, None] + col[:, None, :]).flatten(1)


def seam_masks(regions: Int[Tensor, "m q"]) -> Float[Tensor, "m q q"]:
    """What is added to the scores of each kind of window: 0, or -100 across a seam."""
    return (regions[:, :, None] != regions[:, None, :]).float() * MASKED


def shift_mask(height: int, width: int, size: int, shift: int) -> Float[Tensor, "n q q"]:
    """What is added to the scores of all windows of a picture after a cyclic shift."""
    return seam_masks(seam_regions(size, shift))[window_kinds(height, width, size)]


def _grid(size: int) -> Int[Tensor, "q 2"]:
    """Row and column of each place in a window.

    On the CPU whatever device networks are made on: on the meta device PyTorch would load its
    compiler for each operation, which takes a second.
    """
    position = torch.arange(size, device="cpu")
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


def reflect_index(length: int, target: int) -> Int[Tensor, " p"]:
    """Positions that extend `length` pixels to `target` by reflection, repeated as needed."""
    if length == 1:
        return torch.zeros(target, dtype=torch.long)
    position = torch.arange(target) % (2 * (length - 1))
    return torch.minimum(position, 2 * (length - 1) - position)


def pad_to_multiple(
    x: Float[Tensor, "b c h w"], size: int
) -> Float[Tensor, "b c padded_h padded_w"]:
    """Extend right and bottom by reflection to multiples of `size`; works from 1 x 1 up."""
    height, width = x.shape[-2:]
    rows, cols = -(-height // size) * size, -(-width // size) * size
    if rows > height:
        x = x.index_select(2, reflect_index(height, rows).to(x.device))
    if cols > width:
        x = x.index_select(3, reflect_index(width, cols).to(x.device))
    return x
