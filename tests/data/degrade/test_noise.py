"""Noise against its distribution."""

import numpy as np
import pytest
import torch
from scipy import stats

from hatsr.data.degrade.keys import Key
from hatsr.data.degrade.noise import _poisson, gaussian_noise, poisson_noise, random_noise
from hatsr.data.degrade.parameters import Noise

KEY = Key(4, 4)
FLAT = torch.full((3, 200, 200), 0.5, dtype=torch.float64)


@pytest.mark.parametrize("sigma", [1.0, 15.0])
@pytest.mark.parametrize("gray", [False, True])
def test_gaussian_noise(sigma: float, gray: bool) -> None:
    noise = (gaussian_noise(FLAT, sigma, gray, KEY) - FLAT) * 255
    assert float(noise.mean()) == pytest.approx(0, abs=0.03 * sigma)
    assert float(noise.std()) == pytest.approx(sigma, rel=0.01)
    correlation = np.corrcoef(noise.flatten(1).numpy())[0, 1]
    assert correlation == pytest.approx(float(gray), abs=0.02)


@pytest.mark.parametrize("n", [1, 2, 64, 256])
def test_poisson_counts(n: int) -> None:
    """Shares of every count against scipy's, for means of several codes."""
    for code in (0, 1, 128, 255):
        mean = code / 255 * n
        counts = _poisson(np.full(20000, code, dtype=np.uint8), n, KEY.uniforms(20000))
        found = np.bincount(counts, minlength=400) / 20000
        wanted = stats.poisson.pmf(np.arange(len(found)), mean)
        assert found == pytest.approx(wanted, abs=0.012)


def test_poisson_counts_at_the_ends() -> None:
    """Numbers next to 0 and 1 give counts that exist."""
    ends = np.array([2.0**-53, 1 - 2.0**-53])
    for code in (0, 1, 255):
        low, high = _poisson(np.full(2, code, dtype=np.uint8), 256, ends)
        assert 0 <= low <= high < 500


@pytest.mark.parametrize("factor", [0.5, 2.0])
def test_poisson_noise(factor: float) -> None:
    """A picture of 3 values counts in quarters: variance factor^2 v / 4."""
    picture = torch.tensor([51, 102, 204]).double().div(255)[:, None, None].expand(3, 200, 200)
    noise = poisson_noise(picture, factor, False, KEY) - picture
    for plane, value in zip(noise, (0.2, 0.4, 0.8), strict=True):
        assert float(plane.mean()) == pytest.approx(0, abs=0.015 * factor)
        assert float(plane.var()) == pytest.approx(factor**2 * value / 4, rel=0.03)


def test_gray_poisson_noise() -> None:
    """The noise of the gray picture, here of one value: counts of 1."""
    picture = torch.tensor([0.2, 0.4, 0.8], dtype=torch.float64)[:, None, None].expand(3, 150, 150)
    noise = poisson_noise(picture, 1.0, True, KEY) - picture
    assert torch.allclose(noise, noise[:1].expand(3, -1, -1))
    gray = 0.299 * 0.2 + 0.587 * 0.4 + 0.114 * 0.8
    assert float(noise.var()) == pytest.approx(gray, rel=0.05)


def test_random_noise_is_as_often_and_strong_as_asked() -> None:
    keys = Key(7, 7).fork(400)
    picture = FLAT[:, :24, :24]
    half = Noise(probability=0.5, gaussian=1.0, gray=0.4, sigma=(2.0, 10.0))
    noises = [random_noise(picture, half, key) - picture for key in keys]
    some = [noise for noise in noises if bool(noise.any())]
    assert len(some) / len(noises) == pytest.approx(0.5, abs=0.07)
    gray = [torch.equal(noise[0], noise[1]) for noise in some]
    assert np.mean(gray) == pytest.approx(0.4, abs=0.1)
    sigmas = [float(noise.std()) * 255 for noise in some]
    assert 1.7 < min(sigmas) < max(sigmas) < 11
    assert np.mean(sigmas) == pytest.approx(6, abs=0.5)


def test_skew_prefers_small_sigmas() -> None:
    keys = Key(7, 8).fork(300)
    skewed = Noise(gaussian=1.0, gray=0.0, sigma=(0.0, 20.0), skew=2.0)
    picture = FLAT[:, :24, :24]
    sigmas = [float((random_noise(picture, skewed, key) - picture).std()) * 255 for key in keys]
    assert np.mean(np.array(sigmas) < 10) == pytest.approx(0.5**0.5, abs=0.07)


def test_result_is_clamped_and_keeps_its_kind() -> None:
    white = torch.ones(3, 20, 20)
    for key in Key(1, 2).fork(10):
        out = random_noise(white, Noise(), key)
        assert out.dtype == torch.float32
        assert float(out.max()) <= 1
