import numpy as np
import pytest

from hatsr import image


def textured(height: int = 64, width: int = 80) -> np.ndarray:
    """A picture of smooth waves, each channel of its own strength."""
    h, w = np.mgrid[:height, :width]
    wave = np.sin(h / 5) * np.cos(w / 7) + 0.3 * np.sin((h + w) / 3)
    return (0.5 + wave[..., None] * (0.2, 0.15, 0.25)).astype(np.float32)


@pytest.mark.parametrize("sigma", [0, 3, 10, 25])
def test_noise_that_was_added_is_found(sigma: int) -> None:
    noise = np.random.default_rng(0).standard_normal((64, 80, 3)).astype(np.float32)
    found = image.noise_level(textured() + noise * sigma / 255)
    assert found is not None
    assert abs(found - sigma) < 0.1 * sigma + 0.2


def test_gray_and_tiny_pictures_tell_nothing() -> None:
    assert image.noise_level(np.repeat(textured()[..., :1], 3, axis=2)) is None
    assert image.noise_level(textured(4, 4)) is None
    assert image.noise_level(textured(10, 10)) is None


def test_large_pictures_are_sampled() -> None:
    noise = np.random.default_rng(0).standard_normal((700, 900, 3)).astype(np.float32)
    found = image.noise_level(textured(700, 900) + noise * 8 / 255)
    assert found is not None
    assert abs(found - 8) < 0.3
