"""Unsharp masking against scipy."""

import numpy as np
import pytest
import torch
from scipy import ndimage

from hatsr.data.degrade.sharpen import sharpen


def test_against_scipy() -> None:
    coarse = np.random.default_rng(0).random((3, 8, 9))
    picture = coarse.repeat(9, 1).repeat(9, 2)
    place = np.arange(51) - 25
    weights = np.exp(-(place**2) / (2 * 8.0**2))
    weights /= weights.sum()

    def blur(plane: np.ndarray) -> np.ndarray:
        once = ndimage.correlate1d(plane, weights, 0, mode="mirror")
        return ndimage.correlate1d(once, weights, 1, mode="mirror")

    wanted = []
    for plane in picture:
        detail = plane - blur(plane)
        mask = blur((np.abs(detail) * 255 > 10).astype(float))
        wanted.append(mask * (plane + 0.5 * detail).clip(0, 1) + (1 - mask) * plane)
    found = sharpen(torch.from_numpy(picture)).numpy()
    assert found == pytest.approx(np.stack(wanted), abs=1e-9)


def test_flat_pictures_stay() -> None:
    flat = torch.full((3, 60, 60), 0.4, dtype=torch.float64)
    assert torch.equal(sharpen(flat), flat)
