from math import inf

import numpy as np
import pytest
from scipy.signal import correlate2d

from hatsr.evaluation.metrics import psnr, ssim
from hatsr.image import luma


def pair(seed: int, shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """A random picture, from rough to smooth, and a version with noise of a random strength."""
    rng = np.random.default_rng(seed)
    patch = int(rng.integers(1, 9))
    rough = rng.integers(0, 256, (-(-shape[0] // patch), -(-shape[1] // patch), 3))
    hr = rough.repeat(patch, 0).repeat(patch, 1)[: shape[0], : shape[1]]
    sr = hr + rng.normal(0, rng.uniform(0.5, 60), hr.shape)
    return np.clip(np.rint(sr), 0, 255).astype(np.uint8), hr.astype(np.uint8)


def planes(picture: np.ndarray, crop: int, channel: str) -> list[np.ndarray]:
    h, w = picture.shape[:2]
    r, g, b = np.moveaxis(picture[crop : h - crop, crop : w - crop].astype(float), 2, 0)
    if channel == "rgb":
        return [r, g, b]
    return [16 + (65.481 * r + 128.553 * g + 24.966 * b) / 255]


def reference_psnr(sr: np.ndarray, hr: np.ndarray, crop: int, channel: str) -> float:
    pairs = zip(planes(sr, crop, channel), planes(hr, crop, channel), strict=True)
    mse = np.mean([((x - y) ** 2).mean() for x, y in pairs])
    return 20 * np.log10(255 / np.sqrt(mse))


def reference_ssim(sr: np.ndarray, hr: np.ndarray, crop: int, channel: str) -> float:
    """The formula with its variances taken about the local mean, by 2-D correlation."""
    at = np.mgrid[-5:6, -5:6]
    window = np.exp(-(at[0] ** 2 + at[1] ** 2) / 4.5)
    window /= window.sum()
    values = []
    for x, y in zip(planes(sr, crop, channel), planes(hr, crop, channel), strict=True):
        mx, my = (correlate2d(p, window, "valid") for p in (x, y))
        vx, vy = (correlate2d(p * p, window, "valid") - m * m for p, m in ((x, mx), (y, my)))
        cov = correlate2d(x * y, window, "valid") - mx * my
        structure = (2 * cov + 58.5225) / (vx + vy + 58.5225)
        values.append((structure * (2 * mx * my + 6.5025) / (mx**2 + my**2 + 6.5025)).mean())
    return float(np.mean(values))


@pytest.mark.parametrize("channel", ["y", "rgb"])
@pytest.mark.parametrize("crop", [0, 3])
def test_agrees_with_an_independent_implementation_on_random_pairs(channel, crop):
    for seed in range(60):
        shape = [(31, 47), (64, 20), (17, 17), (45, 46), (97, 18)][seed % 5]
        sr, hr = pair(seed, shape)
        ours = psnr(sr, hr, crop=crop, channel=channel)
        assert ours == pytest.approx(reference_psnr(sr, hr, crop, channel), abs=1e-9)
        ours = ssim(sr, hr, crop=crop, channel=channel)
        assert ours == pytest.approx(reference_ssim(sr, hr, crop, channel), abs=1e-6)


def test_luma_spans_the_studio_range():
    corners = np.array([[[0, 0, 0], [255, 255, 255], [255, 0, 0]]], np.uint8)
    np.testing.assert_allclose(luma(corners), [[16, 235, 81.481]], rtol=1e-12)


def test_known_errors():
    hr = np.full((20, 20, 3), 100, np.uint8)
    assert psnr(hr, hr) == inf
    assert ssim(hr, hr) == pytest.approx(1)
    off_by_one = np.full_like(hr, 101)
    assert psnr(off_by_one, hr, channel="rgb") == pytest.approx(48.1308036, abs=1e-6)
    assert psnr(off_by_one, hr) == pytest.approx(48.1308036 + 20 * np.log10(255 / 219), abs=1e-6)


def test_the_crop_hides_the_border():
    sr, hr = pair(1, (30, 30))
    hr = sr.copy()
    sr[:4], sr[-4:], sr[:, :4], sr[:, -4:] = 0, 0, 255, 255
    assert psnr(sr, hr, crop=4) == inf
    assert psnr(sr, hr, crop=3) < 40


@pytest.mark.parametrize("metric", [psnr, ssim])
@pytest.mark.parametrize(
    ("sr", "hr", "options", "message"),
    [
        ((12, 12, 3), (12, 13, 3), {}, r"shape of hr, \(12, 13, 3\), got \(12, 12, 3\)"),
        ((12, 12), (12, 12), {}, r"sr must be uint8 of shape h w 3, got uint8 of \(12, 12\)"),
        ((12, 12, 3), (12, 12, 4), {}, r"hr must be uint8 of shape h w 3"),
        ((20, 20, 3), (20, 20, 3), {"crop": 10}, "got 0 x 0 with crop 10"),
        ((20, 20, 3), (20, 20, 3), {"crop": -1}, "with crop -1"),
        ((20, 20, 3), (20, 20, 3), {"channel": "Y"}, "'Y'"),
    ],
)
def test_messages(metric, sr, hr, options, message):
    with pytest.raises((ValueError, TypeError), match=message):
        metric(np.zeros(sr, np.uint8), np.zeros(hr, np.uint8), **options)


def test_messages_of_dtype_and_window():
    with pytest.raises(ValueError, match="got float64"):
        psnr(np.zeros((4, 4, 3)), np.zeros((4, 4, 3)))
    small = np.zeros((12, 40, 3), np.uint8)
    with pytest.raises(ValueError, match="at least 11 x 11 pixels after the crop, got 10 x 38"):
        ssim(small, small, crop=1)
