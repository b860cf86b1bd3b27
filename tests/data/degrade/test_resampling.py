"""Sizes, and values against plain computations."""

from typing import get_args

import numpy as np
import pytest
import torch

from hatsr.data.degrade.keys import Key
from hatsr.data.degrade.parameters import Resize
from hatsr.data.degrade.resampling import ResizeMode, random_resize, resize, resize_back

PICTURE = torch.rand(3, 12, 20, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


def test_area_is_the_mean_of_blocks() -> None:
    wanted = PICTURE.unflatten(2, (10, 2)).unflatten(1, (4, 3)).mean((2, 4))
    assert torch.allclose(resize(PICTURE, (4, 10), "area"), wanted)


def test_bilinear_is_linear_between_centres() -> None:
    ramp = torch.arange(8, dtype=torch.float64).expand(3, 5, 8)
    wanted = (np.arange(16) + 0.5) / 2 - 0.5
    assert resize(ramp, (5, 16), "bilinear")[0, 2].numpy() == pytest.approx(wanted.clip(0, 7))


def test_bicubic_is_keys_kernel_of_three_quarters() -> None:
    """Not widened when shrinking: it aliases, as the published model does."""
    row, wanted = PICTURE[0, 3].numpy(), []
    for place in (np.arange(15) + 0.5) * 20 / 15 - 0.5:
        first = int(np.floor(place)) - 1
        x = np.abs(place - np.arange(first, first + 4))
        near = 1.25 * x**3 - 2.25 * x**2 + 1
        far = -0.75 * (x**3 - 5 * x**2 + 8 * x - 4)
        wanted.append(np.where(x <= 1, near, far) @ row[np.arange(first, first + 4).clip(0, 19)])
    assert resize(PICTURE, (12, 15), "bicubic")[0, 3].numpy() == pytest.approx(wanted)


@pytest.mark.parametrize("mode", get_args(ResizeMode))
def test_flat_pictures_stay_flat(mode: ResizeMode) -> None:
    flat = torch.full((3, 7, 9), 0.3, dtype=torch.float64)
    assert torch.allclose(resize(flat, (16, 4), mode), torch.tensor(0.3, dtype=torch.float64))
    assert resize(flat, (7, 9), mode) is flat


def test_random_sizes() -> None:
    keys = Key(1, 6).fork(600)
    by = Resize(up=0.2, down=0.7, keep=0.1, factors=(0.15, 1.5))
    heights = np.array([random_resize(PICTURE, by, (200, 100), key).shape[1] for key in keys])
    assert (heights.min(), heights.max()) == (pytest.approx(32, abs=3), pytest.approx(298, abs=3))
    assert np.mean(heights == 200) == pytest.approx(0.1, abs=0.04)
    assert np.mean(heights > 200) == pytest.approx(0.2, abs=0.05)
    tiny = [random_resize(PICTURE, by, (1, 2), key).shape for key in keys[:20]]
    assert all(height >= 1 and width >= 1 for _, height, width in tiny)


def test_back_to_a_size() -> None:
    outs = [resize_back(PICTURE, (5, 9), key) for key in Key(0, 0).fork(30)]
    assert {tuple(out.shape) for out in outs} == {(3, 5, 9)}
    assert len({out.numpy().tobytes() for out in outs}) == 3  # three kinds of weights
