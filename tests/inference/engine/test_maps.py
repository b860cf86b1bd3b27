"""A feature map and its pieces: views of one tensor, and every window once in the bands."""

import pytest
import torch

from hatsr.inference.engine.maps import FeatureMap, WindowGrid, bordered, even_cuts, strips
from hatsr.inference.runner import Box

WINDOW = 4


def grid(height: int, width: int, pixels: int, overlap: int = 2) -> WindowGrid:
    return WindowGrid(height, width, WINDOW, overlap, pixels, torch.device("cpu"))


@pytest.mark.parametrize(("total", "target"), [(1, 5), (7, 3), (12, 4), (100, 0.5), (9, 100)])
def test_cuts_are_even_and_leave_nothing_out(total: int, target: float) -> None:
    cuts = even_cuts(total, target)
    sizes = [cut.stop - cut.start for cut in cuts]
    assert [i for cut in cuts for i in range(cut.start, cut.stop)] == list(range(total))
    assert max(sizes) - min(sizes) <= 1
    assert min(sizes) >= 1


def windows_by_hand(height: int, width: int, shift: int) -> set[frozenset[int]]:
    """The pixels of each window after a cyclic shift, in loops."""
    found = set()
    for top in range(0, height, WINDOW):
        for left in range(0, width, WINDOW):
            rows = [(top + y + shift) % height for y in range(WINDOW)]
            cols = [(left + x + shift) % width for x in range(WINDOW)]
            found.add(frozenset(row * width + col for row in rows for col in cols))
    return found


@pytest.mark.parametrize("pixels", [1, 40, 10_000])
@pytest.mark.parametrize("shift", [0, WINDOW // 2])
@pytest.mark.parametrize("size", [(4, 4), (4, 12), (12, 8), (20, 4)])
def test_every_window_is_in_one_band(size: tuple[int, int], shift: int, pixels: int) -> None:
    found = []
    for band in grid(*size, pixels).bands(shift):
        numbers = [i for rows in band.rows for i in range(rows.start, rows.stop)]
        for window in band.windows.query_rows.tolist():
            found.append(frozenset(numbers[i] for i in window))
        merged = [i for rows in band.merged_rows for i in range(rows.start, rows.stop)]
        assert sorted(merged) == sorted(numbers)
        assert len(band.merged_rows) == 1 or len(numbers) < size[0] * size[1]
    assert len(found) == size[0] * size[1] // WINDOW**2
    assert set(found) == windows_by_hand(*size, shift)


@pytest.mark.parametrize("overlap", [0, 2, 4, 12])
@pytest.mark.parametrize("pixels", [1, 40, 10_000])
def test_keys_reach_beyond_the_queries(pixels: int, overlap: int) -> None:
    height, width = 12, 8
    side, found = WINDOW + overlap, []
    for band in grid(height, width, pixels, overlap).overlapping_bands:
        queries = torch.arange(height * width)[band.rows]
        keys = torch.arange(height * width)[band.around]
        tables = zip(band.windows.query_rows.tolist(), band.windows.key_rows.tolist(), strict=True)
        for query_rows, key_rows in tables:
            top, left = divmod(int(queries[query_rows[0]]), width)
            rows = range(top - overlap // 2, top - overlap // 2 + side)
            cols = range(left - overlap // 2, left - overlap // 2 + side)
            expected = [
                row * width + col if 0 <= row < height and 0 <= col < width else -1
                for row in rows
                for col in cols
            ]
            assert [-1 if i < 0 else int(keys[i]) for i in key_rows] == expected
            found.append((top, left))
    assert sorted(found) == [(y, x) for y in range(0, 12, WINDOW) for x in range(0, 8, WINDOW)]


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
