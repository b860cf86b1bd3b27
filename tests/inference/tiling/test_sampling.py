"""Patches to measure on: where they lie, and what of them counts."""

import pytest
import torch

from hatsr.inference.tiling.sampling import SAMPLE_MARGIN, SAMPLE_SIDE, sample, sample_area


@pytest.mark.parametrize(
    ("height", "width", "most", "area"),
    [
        (1600, 800, 10**9, 1600 * 800 // 8),
        (64, 64, 10**9, 12 * 64**2),  # a small picture: a dozen patches
        (1600, 800, 5000, 5000),  # what fits
    ],
)
def test_the_area(height: int, width: int, most: int, area: int) -> None:
    assert sample_area(height, width, most) == area


@pytest.mark.parametrize("size", [(400, 240), (64, 64), (16, 500), (128, 1000)])
@pytest.mark.parametrize("window", [8, 16])
def test_patches_lie_on_windows_and_are_spread_to_the_edges(
    size: tuple[int, int], window: int
) -> None:
    height, width = (side // window * window for side in size)
    numbers = torch.arange(float(height * width)).reshape(1, 1, height, width)
    padded = numbers.expand(1, 3, height, width)
    found = sample(padded, 12 * SAMPLE_SIDE**2, window)
    for patch, core in found:
        y, x = divmod(int(patch[0, 0, 0, 0]), width)
        sides = patch.shape[-2:]
        assert (y % window, x % window) == (0, 0)
        torch.testing.assert_close(patch, padded[:, :, y : y + sides[0], x : x + sides[1]])
        for start, part, whole, inner in (
            (y, sides[0], height, core.rows),
            (x, sides[1], width, core.cols),
        ):
            margin = min(SAMPLE_MARGIN, part // 4)
            assert inner.start == (0 if start == 0 else margin)
            assert inner.stop == part - (0 if start + part == whole else margin)


def test_a_patch_may_be_the_whole_picture() -> None:
    padded = torch.rand(1, 3, 16, 24)
    ((patch, core),) = sample(padded, 100, 8)
    torch.testing.assert_close(patch, padded)
    assert core.area == 16 * 24


@pytest.mark.parametrize("size", [(16, 16), (16, 400), (64, 64), (128, 300), (512, 512)])
def test_samples_lie_inside_and_on_the_grid(size: tuple[int, int]) -> None:
    lr = torch.arange(size[0] * size[1], dtype=torch.float32).view(1, 1, *size)
    patches = sample(lr, 12 * 64 * 64, 16)
    for patch, core in patches:
        first = int(patch[0, 0, 0, 0])
        assert first // size[1] % 16 == 0
        assert first % size[1] % 16 == 0
        assert 0 <= core.rows.start < core.rows.stop <= patch.shape[2]
        assert 0 <= core.cols.start < core.cols.stop <= patch.shape[3]
    assert len({int(patch[0, 0, 0, 0]) for patch, _ in patches}) == len(patches)


@pytest.mark.parametrize("size", [(20000, 64), (64, 20000), (12000, 400), (96, 96)])
def test_samples_stay_within_their_area(size: tuple[int, int]) -> None:
    area = 12 * 64 * 64
    patches = sample(torch.zeros(1, 1, *size), area, 16)
    assert sum(lr.shape[-2] * lr.shape[-1] for lr, _ in patches) <= area
