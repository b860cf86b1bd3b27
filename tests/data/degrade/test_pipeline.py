"""A degradation is a pure function of pictures, parameters and key."""

import numpy as np
import pytest

from hatsr.data.degrade import (
    CONDITIONS,
    PRESETS,
    check_condition,
    degrade,
    degrade_patch,
    preset,
    sample_key,
    under_condition,
)
from hatsr.data.pixels import downsample


@pytest.fixture
def hr() -> np.ndarray:
    coarse = np.random.default_rng(0).integers(0, 256, (24, 30, 3), dtype=np.uint8)
    return np.repeat(np.repeat(coarse, 8, 0), 8, 1)


@pytest.mark.parametrize("name", PRESETS)
def test_keys_decide_everything(name: str, hr: np.ndarray) -> None:
    lr = downsample(hr, 4)
    for number in range(12):
        one, again = (degrade(lr, hr, PRESETS[name], sample_key(1, number)) for _ in range(2))
        assert one.shape == lr.shape
        assert one.dtype == np.uint8
        assert np.array_equal(one, again)
    others = [degrade(lr, hr, PRESETS[name], sample_key(s, 3)) for s in range(12)]
    assert len({other.tobytes() for other in others}) > 6


@pytest.mark.parametrize("name", PRESETS)
def test_patches_have_their_size_at_every_place(name: str, hr: np.ndarray) -> None:
    lr = downsample(hr, 4)
    for number, at in enumerate([(0, 0), (1, 30), (32, 44), (17, 5)]):
        patch = degrade_patch((lr, hr), at, 16, PRESETS[name], sample_key(0, number))
        assert patch.shape == (16, 16, 3)


def test_patches_lie_on_the_blocks_of_the_whole(hr: np.ndarray) -> None:
    """With JPEG alone a patch is the same place of the whole picture's LR, at any place."""
    lr = downsample(hr, 4)
    for number, at in enumerate([(0, 0), (3, 27), (31, 44)]):
        whole = degrade(lr, hr, PRESETS["jpeg"], sample_key(0, number))
        patch = degrade_patch((lr, hr), at, 16, PRESETS["jpeg"], sample_key(0, number))
        same = whole[at[0] : at[0] + 16, at[1] : at[1] + 16]
        assert np.array_equal(patch, same)


@pytest.mark.parametrize("name", CONDITIONS)
def test_conditions_are_of_the_picture_by_name(name: str, hr: np.ndarray) -> None:
    lr = downsample(hr, 4)
    one, again, other = (under_condition(name, lr, hr, picture) for picture in "aab")
    assert np.array_equal(one, again)
    assert np.array_equal(one, other) == (name == "clean" or "jpeg" in name)
    assert np.array_equal(one, lr) == (name == "clean")


@pytest.mark.parametrize("name", ["", "jpeg", "jpeg-0", "jpeg-101", "noise-x", "Clean", "blur-3"])
def test_unknown_conditions_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="a condition must be clean"):
        check_condition(name)


def test_unknown_presets_are_refused() -> None:
    with pytest.raises(ValueError, match="a degradation must be one of second-order"):
        preset("foto")
