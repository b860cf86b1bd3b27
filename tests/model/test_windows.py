"""Windows are cut and merged as figure 5 says; every number has its place."""

import pytest
import torch

from hatsr.model.windows import (
    merge,
    overlapping_pixels,
    overlapping_relative_position_index,
    partition,
    reflect_index,
    seam_regions,
    shift_mask,
    window_kinds,
    window_pixels,
)


def test_partition_and_merge_are_inverse_for_numbers_too() -> None:
    number = torch.arange(2 * 8 * 12).view(2, 8, 12, 1)
    assert torch.equal(merge(partition(number, 4), 4, 8, 12), number)


def test_pixels_of_large_pictures_are_exact() -> None:
    last = window_pixels(8, 4 * 2**22, 4, 0)[-1, -1].item()
    assert last == 8 * 4 * 2**22 - 1  # a float32 would be off


def test_pixels_of_shifted_windows() -> None:
    assert window_pixels(4, 4, 2, 1).tolist() == [
        [5, 6, 9, 10],
        [7, 4, 11, 8],
        [13, 14, 1, 2],
        [15, 12, 3, 0],
    ]


def test_pixels_of_overlapping_windows() -> None:
    assert overlapping_pixels(2, 4, 2, 4)[0].view(4, 4).tolist() == [
        [-1, -1, -1, -1],
        [-1, 0, 1, 2],
        [-1, 4, 5, 6],
        [-1, -1, -1, -1],
    ]


def test_kinds_of_windows_and_their_regions() -> None:
    assert window_kinds(6, 4, 2).tolist() == [0, 1, 0, 1, 2, 3]
    inside, column, row, corner = seam_regions(2, 1).tolist()
    assert inside == [0, 0, 0, 0]
    assert column == [0, 1, 0, 1]
    assert row == [0, 0, 2, 2]
    assert corner == [0, 1, 2, 3]


def test_the_shift_mask_is_swins() -> None:
    """Regions numbered on the whole picture after the shift, as in Swin Transformer."""
    size, shift, height, width = 4, 1, 8, 12
    region = torch.zeros(1, height, width, 1)
    parts = [slice(0, -size), slice(-size, -shift), slice(-shift, None)]
    for number, (y, x) in enumerate((y, x) for y in parts for x in parts):
        region[:, y, x] = number
    windows = partition(region, size)[..., 0]
    wanted = (windows[:, None] != windows[:, :, None]).float() * -100
    assert torch.equal(shift_mask(height, width, size, shift), wanted)


def test_partition_and_merge_are_inverse() -> None:
    x = torch.rand(2, 8, 12, 3)
    assert torch.equal(merge(partition(x, 4), 4, 8, 12), x)


def test_overlapping_index_is_the_official_one() -> None:
    index = overlapping_relative_position_index(16, 24)
    assert index.shape == (256, 576)
    assert (index.min(), index.max()) == (-880, 640)


@pytest.mark.parametrize("length", [1, 2, 3, 5, 16])
def test_reflection_repeats(length: int) -> None:
    import numpy as np

    index = reflect_index(length, 16).numpy()
    mode = "edge" if length == 1 else "reflect"
    assert (index == np.pad(np.arange(length), (0, 16 - length), mode=mode)).all()
