"""Fixed conditions: the same LR of a picture every time."""

import io

import numpy as np
import pytest
from PIL import Image

from hatsr.data.degrade import CONDITIONS, check_condition, under_condition

HR = np.random.default_rng(0).integers(0, 256, (64, 96, 3), dtype=np.uint8)
LR = HR[::4, ::4].copy()


@pytest.mark.parametrize("name", [*CONDITIONS, "jpeg-1", "noise-255", "photo", "photo.12"])
def test_conditions_are_known(name: str) -> None:
    assert check_condition(name) == name


@pytest.mark.parametrize(
    "name", ["", "jpeg-0", "jpeg-101", "noise-256", "noise-1.5", "photo.", "blur-3"]
)
def test_others_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match=rf"a condition must be clean, .* got '{name}'"):
        check_condition(name)


def test_clean_is_left_alone() -> None:
    np.testing.assert_array_equal(under_condition("clean", LR, HR, "a"), LR)


def test_jpeg_is_that_of_pillow() -> None:
    file = io.BytesIO()
    Image.fromarray(LR).save(file, "JPEG", quality=30, subsampling=2)
    expected = np.asarray(Image.open(file))
    np.testing.assert_array_equal(under_condition("jpeg-30", LR, HR, "a"), expected)


def test_noise_has_its_sigma_and_its_picture() -> None:
    gray = np.full((128, 128, 3), 128, dtype=np.uint8)
    first, again, other = (under_condition("noise-15", gray, gray, name) for name in "aab")
    assert np.std(first.astype(float)) == pytest.approx(15, rel=0.03)
    np.testing.assert_array_equal(first, again)
    assert (first != other).mean() > 0.9


def test_draws_of_a_preset_differ() -> None:
    first, again, second = (
        under_condition(name, LR, HR, "a")
        for name in ("second-order", "second-order", "second-order.1")
    )
    np.testing.assert_array_equal(first, again)
    assert (first != second).any()
