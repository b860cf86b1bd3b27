"""A degradation is a pure function of pictures, parameters and key."""

import hashlib
from dataclasses import replace

import numpy as np
import pytest

from hatsr.data.degrade import (
    CONDITIONS,
    PRESETS,
    Degradation,
    check_condition,
    degrade,
    degrade_patch,
    sample_key,
    under_condition,
)
from hatsr.data.degrade.compression import to_codes, to_tensor
from hatsr.data.degrade.sharpen import sharpen
from hatsr.data.pictures import downsample


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
        patch, target = degrade_patch((lr, hr), at, 16, PRESETS[name], sample_key(0, number))
        assert patch.shape == (16, 16, 3)
        top, left = (4 * start for start in at)
        assert np.array_equal(target, hr[top : top + 64, left : left + 64])


def test_patches_lie_on_the_blocks_of_the_whole(hr: np.ndarray) -> None:
    """With JPEG alone a patch is the same place of the whole picture's LR, at any place."""
    lr = downsample(hr, 4)
    for number, at in enumerate([(0, 0), (3, 27), (31, 44)]):
        whole = degrade(lr, hr, PRESETS["jpeg"], sample_key(0, number))
        patch, _ = degrade_patch((lr, hr), at, 16, PRESETS["jpeg"], sample_key(0, number))
        same = whole[at[0] : at[0] + 16, at[1] : at[1] + 16]
        assert np.array_equal(patch, same)


@pytest.mark.parametrize("name", CONDITIONS)
def test_conditions_are_of_the_picture_by_name(name: str, hr: np.ndarray) -> None:
    lr = downsample(hr, 4)
    one, again, other = (under_condition(name, lr, hr, picture) for picture in "aab")
    assert np.array_equal(one, again)
    assert np.array_equal(one, other) == (name == "clean" or "jpeg" in name)
    assert np.array_equal(one, lr) == (name == "clean")


@pytest.mark.parametrize(
    "name", ["", "foto", "jpeg-0", "jpeg-101", "noise-x", "Clean", "blur-3", "photo.", "photo.x"]
)
def test_unknown_conditions_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="a condition must be clean"):
        check_condition(name)


# Written down once. Noise is of our own numbers, so that its 8-bit picture is the same everywhere;
# JPEG is libjpeg's, of which another version may differ by a level: means of quarters are compared.
NOISY = "374512e42b980baf"
QUARTERS = {
    "jpeg-50": [
        128.62,
        127.89,
        121.4,
        124.0,
        119.33,
        125.11,
        124.69,
        128.97,
        128.6,
        119.31,
        138.55,
        126.78,
    ],
    "second-order": [
        128.43,
        128.0,
        121.45,
        123.36,
        120.08,
        124.3,
        127.0,
        129.53,
        128.4,
        119.09,
        138.58,
        127.88,
    ],
}


def test_conditions_do_not_change(hr: np.ndarray) -> None:
    lr = downsample(hr, 4)
    noisy = under_condition("noise-15", lr, hr, "picture")
    assert hashlib.blake2b(noisy.tobytes(), digest_size=8).hexdigest() == NOISY
    for name, wanted in QUARTERS.items():
        made = under_condition(name, lr, hr, "picture").astype(float)
        means = made.reshape(2, 24, 2, 30, 3).mean((1, 3)).flatten()
        assert means == pytest.approx(wanted, abs=0.3)


def test_second_order_sharpens_on_request(hr: np.ndarray) -> None:
    """HR of the patch is that of the sharpened picture, LR is made from it."""
    lr = downsample(hr, 4)
    plain = Degradation(clean=1.0, second_order=0.0)
    sharp = replace(plain, sharpen=True)
    (lr_plain, hr_plain), (lr_sharp, hr_sharp) = (
        degrade_patch((lr, hr), (20, 20), 16, model, sample_key(0, 0)) for model in (plain, sharp)
    )
    whole = to_codes(sharpen(to_tensor(hr)))
    assert np.abs(hr_sharp.astype(int) - whole[80:144, 80:144]).max() <= 8  # its mask sees borders
    assert np.abs(hr_sharp.astype(int) - hr_plain).max() > 8
    assert np.abs(downsample(hr_sharp, 4)[4:12, 4:12].astype(int) - lr_sharp[4:12, 4:12]).max() <= 2
    assert not np.array_equal(lr_plain, lr_sharp)


def test_shares_of_the_three_ways(hr: np.ndarray) -> None:
    """15 % clean; no step of `photo` restores LR by chance."""
    lr = downsample(hr[:64, :64], 4)
    made = [degrade(lr, hr[:64, :64], PRESETS["photo"], sample_key(0, n)) for n in range(200)]
    clean = np.mean([np.array_equal(one, lr) for one in made])
    untouched = 0.7 * 0.7 * 0.45 * 0.35  # mild, with none of its steps
    assert clean == pytest.approx(0.15 + untouched, abs=0.07)
