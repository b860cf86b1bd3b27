"""Boxes."""

import pytest
import torch

from hatsr.inference.runner import Box


@pytest.mark.parametrize("sides", [(2, 5, 1, 8), (0, 10, 0, 12), (4, 4, 0, 12)], ids=str)
def test_area_counts_the_pixels_that_a_box_cuts_out(sides: tuple[int, ...]) -> None:
    top, bottom, left, right = sides
    box = Box(slice(top, bottom), slice(left, right))
    assert box.area == torch.zeros(10, 12)[box.rows, box.cols].numel()
