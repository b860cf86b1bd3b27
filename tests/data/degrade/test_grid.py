"""The grid: rows, columns, and what is in a cell."""

import numpy as np
import pytest

from hatsr.data.degrade import PRESETS, Degradation, grid
from hatsr.data.pictures import downsample

CLEAN = Degradation(clean=1.0, second_order=0.0)
HR = np.random.default_rng(0).integers(0, 256, (100, 83, 3), dtype=np.uint8)


def test_rows_and_columns() -> None:
    made = grid(HR, 4, [CLEAN, PRESETS["jpeg"]], columns=3)
    side = 2 * 20
    assert made.shape == (2 * side + 4, 4 * side + 3 * 4, 3)
    cell = downsample(HR, 4)[2:22, :20].repeat(2, 0).repeat(2, 1)
    for column in range(4):
        left = column * (side + 4)
        assert np.array_equal(made[:side, left : left + side], cell)
    assert np.array_equal(made[side + 4 :, :side], cell)
    assert any(not np.array_equal(made[side + 4 :, at : at + side], cell) for at in (44, 88, 132))
    assert (made[side : side + 4] == 255).all()


def test_too_small() -> None:
    with pytest.raises(ValueError, match="sides of at least the scale 4, got 3 x 9"):
        grid(HR[:3, :9], 4, [CLEAN])
