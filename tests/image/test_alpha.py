"""Colour under transparent pixels."""

import numpy as np
import pytest
from PIL import Image

from hatsr.image import bleed

RNG = np.random.default_rng(1)


def bicubic(channel: np.ndarray, scale: int) -> np.ndarray:
    height, width = channel.shape
    large = Image.fromarray(channel).resize(
        (width * scale, height * scale), Image.Resampling.BICUBIC
    )
    return np.asarray(large)


@pytest.mark.parametrize("colour", [(1, 1, 1), (0.2, 0.9, 0.5)])
def test_a_disc_on_black_gets_no_dark_fringe(colour: tuple[float, float, float]) -> None:
    y, x = np.mgrid[:41, :37]
    alpha = np.clip(12.5 - np.hypot(y - 20, x - 17), 0, 1).astype(np.float32)
    rgb = (np.array(colour) * (alpha > 0)[..., None]).astype(np.float32)
    plain = np.stack([bicubic(rgb[..., c], 4) for c in range(3)], -1)
    bled = bleed(rgb, alpha)
    large = np.stack([bicubic(bled[..., c], 4) for c in range(3)], -1)
    seen = bicubic(alpha, 4) > 0
    assert abs(plain[seen] - colour).max() > 0.1  # the fringe that there would be
    np.testing.assert_allclose(large[seen], np.broadcast_to(colour, large[seen].shape), atol=1e-5)


def test_colour_comes_from_the_nearest_side() -> None:
    rgb, alpha = np.zeros((32, 64, 3), np.float32), np.zeros((32, 64), np.float32)
    rgb[:, :8], rgb[:, -8:] = (1, 0, 0), (0, 0, 1)
    alpha[:, :8] = alpha[:, -8:] = 1
    bled = bleed(rgb, alpha)
    assert bled[16, 12, 0] > 0.9
    assert bled[16, -12, 2] > 0.9
    assert np.abs(np.diff(bled[16], axis=0)).max() < 0.15  # and there is no step between


@pytest.mark.parametrize("size", [(1, 1), (1, 2), (2, 1), (1, 9), (7, 5), (16, 16), (33, 18)])
def test_seen_pixels_keep_their_colour(size: tuple[int, int]) -> None:
    rgb = RNG.random((*size, 3)).astype(np.float32)
    alpha = (RNG.integers(0, 3, size) / 2).astype(np.float32)
    alpha[0, 0] = 1
    bled = bleed(rgb, alpha)
    np.testing.assert_array_equal(bled[alpha > 0], rgb[alpha > 0])
    assert bled.min() >= rgb[alpha > 0].min() - 1e-6
    assert bled.max() <= rgb[alpha > 0].max() + 1e-6


@pytest.mark.parametrize("opacity", [0, 1])
def test_nothing_to_do(opacity: float) -> None:
    rgb = RNG.random((5, 6, 3)).astype(np.float32)
    assert bleed(rgb, np.full((5, 6), opacity, np.float32)) is rgb
