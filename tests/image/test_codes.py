"""Codes: rounding, luma, and HR that fits LR."""

import numpy as np
import pytest

from hatsr import image


@pytest.mark.parametrize("bits", [8, 16])
def test_every_code_survives(bits: int) -> None:
    codes = np.arange(2**bits, dtype=f"u{bits // 8}").reshape(-1, 16)
    unit = image.from_codes(codes, 2**bits - 1)
    assert unit.dtype == np.float32
    assert (unit.min(), unit.max()) == (0, 1)
    np.testing.assert_array_equal(image.to_codes(unit, bits), codes)


def test_codes_are_clipped_and_rounded_to_nearest() -> None:
    values = np.array([-0.1, 1.1, 0.4999 / 255, 0.5 / 255, 1.4999 / 255], np.float32)
    np.testing.assert_array_equal(image.to_codes(values, 8), [0, 255, 0, 1, 1])


@pytest.mark.parametrize("bits", [8, 16])
def test_a_networks_channels_lie_apart(bits: int) -> None:
    values = np.random.default_rng(0).uniform(-0.1, 1.1, (3, 40, 30)).astype(np.float32)
    planes = [image.to_codes(plane, bits) for plane in values]
    codes = image.to_codes(values.transpose(1, 2, 0), bits)
    np.testing.assert_array_equal(codes, np.stack(planes, -1))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_not_a_number_never_turns_black(bad: float) -> None:
    values = np.zeros((600, 2, 3), np.float32)
    values[555, 1, 1] = bad
    with pytest.raises(ValueError, match=r"must be finite.*rows 544 to 559"):
        image.to_codes(values, 8)


def test_eight_bits_are_the_default_and_half_goes_up() -> None:
    codes = image.to_codes(np.array([[0.5, 0.25]], np.float32))  # 127.5 and 63.75
    assert codes.dtype == np.uint8
    assert codes.tolist() == [[128, 64]]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_every_half_goes_up(dtype: type[np.floating]) -> None:
    values = (np.arange(255) + 0.5).astype(dtype) / dtype(255)
    half = values * dtype(255) == np.arange(255) + 0.5  # not all can be held exactly
    assert half.sum() > 50
    np.testing.assert_array_equal(image.to_codes(values)[half], np.arange(1, 256)[half])


@pytest.mark.parametrize(
    ("rgb", "expected"),
    [
        ((0, 0, 0), 16),
        ((255, 255, 255), 235),
        ((255, 0, 0), 81.481),
        ((0, 255, 0), 144.553),
        ((0, 0, 255), 40.966),
        ((51, 102, 204), 16 + 65.481 / 5 + 128.553 * 2 / 5 + 24.966 * 4 / 5),
    ],
)
def test_luma(rgb: tuple[int, int, int], expected: float) -> None:
    plane = image.luma(np.array([[rgb, rgb]], np.uint8))
    assert plane.dtype == np.float64
    np.testing.assert_allclose(plane, [[expected, expected]], rtol=0, atol=1e-12)
    assert sum(image.LUMA_WEIGHTS) == 219


@pytest.mark.parametrize(
    ("size", "scale", "expected"),
    [((12, 9), 1, (12, 9)), ((12, 9), 2, (12, 8)), ((13, 9), 3, (12, 9)), ((7, 5), 4, (4, 4))],
)
@pytest.mark.parametrize("channels", [(), (1,), (3,)])
def test_modcrop(
    size: tuple[int, int], scale: int, expected: tuple[int, int], channels: tuple[int, ...]
) -> None:
    hr = np.arange(np.prod((*size, *channels))).reshape(*size, *channels)
    cropped = image.modcrop(hr, scale)
    np.testing.assert_array_equal(cropped, hr[: expected[0], : expected[1]])
    assert cropped.shape[:2] == expected
    assert np.shares_memory(cropped, hr)


def test_modcrop_refuses_what_leaves_nothing() -> None:
    with pytest.raises(ValueError, match=r"HR must have sides of at least 4, got 3 x 9; leave"):
        image.modcrop(np.zeros((3, 9)), 4)
    with pytest.raises(ValueError, match="scale must be at least 1, got 0"):
        image.modcrop(np.zeros((3, 9)), 0)
