"""Patches of a picture and their like, patch by patch."""

import pytest
import torch
from torch import Tensor

from hatsr.peers.parts.patches import (
    from_patches,
    nearest,
    patch_counts,
    take,
    to_patches,
    window_candidates,
)


def test_all_patches_are_candidates_where_the_window_holds_them() -> None:
    assert window_candidates((10, 8), (5, 4), window=5, scale=2) is None
    found = window_candidates((10, 8), (5, 4), window=3, scale=2)
    assert found is not None
    assert found.shape == (80, 9)
    assert found[0].tolist() == [0, 1, 2, 4, 5, 6, 8, 9, 10]
    assert found[-1].tolist() == [9, 10, 11, 13, 14, 15, 17, 18, 19]


def cut(x: Tensor, top: int, left: int) -> Tensor:
    """A 3 x 3 patch of the first picture, zeros where pixels lack."""
    larger = torch.zeros(x.shape[1], x.shape[2] + 1, x.shape[3] + 1)
    larger[:, : x.shape[2], : x.shape[3]] = x[0]
    return larger[:, top : top + 3, left : left + 3]


@pytest.mark.parametrize(
    ("height", "width", "rows", "cols"), [(3, 3, 1, 1), (4, 5, 2, 2), (6, 9, 3, 4)]
)
def test_patches_are_at_every_second_pixel(height: int, width: int, rows: int, cols: int) -> None:
    x = torch.rand(1, 2, height, width)
    assert patch_counts(x) == (rows, cols)
    found = to_patches(x)
    assert found.shape == (1, 18, rows * cols)
    for number in range(rows * cols):
        expected = cut(x, 2 * (number // cols), 2 * (number % cols))
        assert torch.equal(found[0, :, number].view(2, 3, 3), expected)


@pytest.mark.parametrize(("height", "width"), [(3, 3), (4, 5), (6, 9)])
def test_a_picture_is_put_together_of_its_own_patches(height: int, width: int) -> None:
    x = torch.rand(2, 3, height, width)
    assert torch.allclose(from_patches(to_patches(x), height, width, 1), x)


def test_where_larger_patches_overlap_their_mean_counts() -> None:
    """Two patches of 6 x 6 side by side on 6 x 10 pixels: they share two columns."""
    patches = torch.stack((torch.full((36,), 1.0), torch.full((36,), 4.0)), 1)[None]
    expected = torch.tensor([1.0] * 4 + [2.5] * 2 + [4.0] * 4).expand(6, 10)
    assert torch.equal(from_patches(patches, 3, 5, 2)[0, 0], expected)


@pytest.mark.parametrize("count", [2, 9])
def test_the_nearest_come_first_among_the_candidates(count: int) -> None:
    """More queries than are looked up at a time."""
    torch.manual_seed(0)
    queries, keys = torch.rand(2, 1030, 3), torch.rand(2, 7, 3)
    candidates = torch.randint(7, (1030, 1)) + torch.arange(4)
    candidates %= 7
    distances = torch.cdist(queries, keys)
    order = distances.argsort(2)
    assert torch.equal(nearest(queries, keys, None, count), order[:, :, :count])
    found = nearest(queries, keys, candidates, count)
    assert found.shape == (2, 1030, min(count, 4))
    for b in range(2):
        for m in (0, 500, 1023, 1024, 1029):
            allowed = [k for k in order[b, m].tolist() if k in candidates[m].tolist()]
            assert found[b, m].tolist() == allowed[:count]


def test_each_picture_takes_its_own_patches() -> None:
    patches = torch.arange(12.0).view(2, 2, 3)
    found = take(patches, torch.tensor([[2, 0], [1, 1]]))
    assert found.tolist() == [[[2, 0], [5, 3]], [[7, 7], [10, 10]]]
