import pytest

from hatsr.attribution.sweep_tasks import SweepPlan, grid_patches


def test_grid_is_even_and_inside():
    assert grid_patches(48, 80, 16, 2) == ((8, 16), (8, 48), (24, 16), (24, 48))
    assert grid_patches(16, 16, 16, 3) == ((0, 0),)
    with pytest.raises(ValueError, match="SR must be at least 16 x 16, got 15 x 40"):
        grid_patches(15, 40, 16, 3)


def test_messages(tmp_path):
    with pytest.raises(ValueError, match="must have models and pictures, got 0 and 1"):
        SweepPlan(models=(), pictures=("a.png",))
    with pytest.raises(ValueError, match="grid must be at least 1, got 0"):
        SweepPlan(models=("hat-t-x4",), pictures=("a.png",), grid=0)
