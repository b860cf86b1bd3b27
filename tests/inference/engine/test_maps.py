"""A feature map: its strips, its rows and its pixels are views of one tensor."""

import pytest
import torch

from hatsr.inference.engine.bands import WindowGrid
from hatsr.inference.engine.maps import FeatureMap, bordered, strips
from hatsr.inference.runner import Box


def feature_map(height: int, width: int, pixels: int) -> FeatureMap:
    grid = WindowGrid(height, width, 4, 2, pixels, torch.device("cpu"))
    lr = torch.rand(1, 3, height, width)
    found = FeatureMap(lr, Box(slice(0, height), slice(0, width)), grid, pixels)
    found.around = bordered(height, width, 2, lr)
    found.x[:] = torch.rand(height, width, 2)
    return found


def test_a_new_map_has_a_row_of_zeros_above_and_below() -> None:
    around = feature_map(8, 12, 24).around
    assert around.shape == (10, 12, 2)
    assert not around[0].any()
    assert not around[-1].any()


@pytest.mark.parametrize("pixels", [1, 24, 50, 1000])
def test_strips_cover_every_row_once_with_a_row_around(pixels: int) -> None:
    cut = list(strips(9, 12, pixels))
    assert [row for rows, _ in cut for row in range(rows.start, rows.stop)] == list(range(9))
    features = feature_map(8, 12, pixels)
    for rows, around in features.strips:
        assert torch.equal(features.around[around][1:-1], features.x[rows])


def test_rows_and_pixels_are_inverse() -> None:
    features = feature_map(8, 12, 24)
    rows = slice(2, 5)
    pixels = features.pixels_of(rows)
    assert features.rows_of(pixels) == (rows, slice(2, 7))
    assert torch.equal(features.pixels[pixels].view(3, 12, 2), features.x[rows])
    features.pixels[pixels] = 0  # a view, not a copy
    assert not features.x[rows].any()
