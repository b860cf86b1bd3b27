"""Kernels against their formulas and moments, filtering against scipy."""

from collections import Counter
from dataclasses import replace
from math import cos, pi, sin

import numpy as np
import pytest
import torch
from scipy import ndimage, special

from hatsr.data.degrade.blur import (
    convolve,
    draw_final_sinc,
    draw_kernel,
    elliptic_kernel,
    random_blur,
    sinc_kernel,
)
from hatsr.data.degrade.keys import Key
from hatsr.data.degrade.parameters import Blur


def covariance(kernel: torch.Tensor) -> np.ndarray:
    """Second moments over width and height."""
    values = kernel.numpy()
    h, w = np.mgrid[: len(values), : len(values)] - len(values) // 2
    return np.array([[(values * a * b).sum() for b in (w, h)] for a in (w, h)])


@pytest.mark.parametrize("angle", [0.0, 0.4, -2.0])
@pytest.mark.parametrize("sigmas", [(1.5, 1.5), (2.5, 1.0)])
def test_moments_of_gaussians(sigmas: tuple[float, float], angle: float) -> None:
    kernel = elliptic_kernel(41, sigmas, angle)
    turn = np.array([[cos(angle), -sin(angle)], [sin(angle), cos(angle)]])
    wanted = turn @ np.diag(np.square(sigmas)) @ turn.T
    assert float(kernel.sum()) == pytest.approx(1)
    assert covariance(kernel) == pytest.approx(wanted, abs=1e-3)


@pytest.mark.parametrize(("beta", "plateau"), [(0.6, False), (3.0, False), (0.8, True), (2, True)])
def test_generalised_and_plateau_kernels(beta: float, plateau: bool) -> None:
    """Against the formula of the published model, pixel by pixel."""
    size, (first, second), angle = 9, (2.0, 1.2), 0.7
    turn = np.array([[cos(angle), -sin(angle)], [sin(angle), cos(angle)]])
    inverse = np.linalg.inv(turn @ np.diag([first**2, second**2]) @ turn.T)
    wanted = np.zeros((size, size))
    for h in range(size):
        for w in range(size):
            place = np.array([w - 4, h - 4])
            q = (place @ inverse @ place) ** beta
            wanted[h, w] = 1 / (q + 1) if plateau else np.exp(-0.5 * q)
    kernel = elliptic_kernel(size, (first, second), angle, float(beta), plateau)
    assert kernel.numpy() == pytest.approx(wanted / wanted.sum(), abs=1e-12)


@pytest.mark.parametrize("cutoff", [pi / 5, 1.5, pi])
def test_sinc_kernels(cutoff: float) -> None:
    kernel = sinc_kernel(21, cutoff)
    h, w = np.mgrid[:21, :21] - 10
    radius = np.hypot(h, w)
    radius[10, 10] = 1
    wanted = cutoff * special.j1(cutoff * radius) / (2 * pi * radius)
    wanted[10, 10] = cutoff**2 / (4 * pi)
    assert kernel.numpy() == pytest.approx(wanted / wanted.sum(), abs=1e-7)


def test_sinc_kernels_pass_low_frequencies_only() -> None:
    kernel = sinc_kernel(61, pi / 3).numpy()
    response = np.abs(np.fft.fft2(kernel, (256, 256)))[0]  # along width
    frequency = np.arange(256) * 2 * pi / 256
    assert response[frequency < 0.25 * pi].min() > 0.9
    assert response[(frequency > 0.42 * pi) & (frequency < pi)].max() < 0.1


@pytest.mark.parametrize("shape", [(30, 41), (11, 64)])
def test_filtering(shape: tuple[int, int]) -> None:
    picture = np.random.default_rng(0).random((3, *shape))
    kernel = elliptic_kernel(9, (2.0, 0.8), 0.5)
    wanted = [ndimage.convolve(plane, kernel.numpy(), mode="mirror") for plane in picture]
    out = convolve(torch.from_numpy(picture), kernel)
    assert out.numpy() == pytest.approx(np.stack(wanted), abs=1e-12)
    single = convolve(torch.from_numpy(picture).float(), kernel)
    assert single.dtype == torch.float32


def test_filtering_of_tiny_pictures() -> None:
    """Smaller than the kernel reaches: the border is repeated instead of mirrored."""
    picture = torch.full((3, 2, 5), 0.4, dtype=torch.float64)
    assert torch.allclose(convolve(picture, elliptic_kernel(21, (3.0, 3.0))), picture)


def test_filtering_passes_the_gradient() -> None:
    picture = torch.rand(1, 6, 7, dtype=torch.float64, requires_grad=True)
    kernel = elliptic_kernel(5, (1.0, 2.0), 0.3)
    assert torch.autograd.gradcheck(lambda p: convolve(p, kernel), (picture,))


def test_drawn_kernels() -> None:
    """Sides odd and of the range, sums 1, and a share of sinc kernels (they dip below 0)."""
    kernels = [draw_kernel(Blur(), key) for key in Key(0, 7).fork(600)]
    sides = Counter(len(kernel) for kernel in kernels)
    assert sorted(sides) == list(range(7, 22, 2))
    assert max(sides.values()) < 2 * min(sides.values())
    assert all(float(kernel.sum()) == pytest.approx(1) for kernel in kernels)
    share = np.mean([bool((kernel < 0).any()) for kernel in kernels])
    assert share == pytest.approx(0.1, abs=0.03)


def test_drawn_sigmas() -> None:
    """Isotropic: one sigma, uniform in its range."""
    blur = Blur(shapes=(("isotropic", 1.0),), sinc=0.0, sigma=(0.8, 2.0), sizes=(21, 21))
    moments = [covariance(draw_kernel(blur, key)) for key in Key(0, 8).fork(300)]
    sigmas = np.sqrt([m[0, 0] for m in moments])
    assert all(m[0, 0] == pytest.approx(m[1, 1]) for m in moments)
    assert 0.8 <= sigmas.min() < sigmas.max() <= 2.0
    assert sigmas.mean() == pytest.approx(1.4, abs=0.06)
    blur = replace(blur, shapes=(("anisotropic", 1.0),))
    moments = [covariance(draw_kernel(blur, key)) for key in Key(0, 8).fork(50)]
    assert np.mean([abs(m[0, 0] - m[1, 1]) > 0.1 for m in moments]) > 0.7


@pytest.mark.parametrize(("kind", "low", "high"), [("generalised", 0.5, 4), ("plateau", 1, 2)])
def test_exponents(kind: str, low: float, high: float) -> None:
    """Half of them lie below 1, half above."""
    from hatsr.data.degrade.blur import _beta

    keys = [Key(9, number).fork(2) for number in range(400)]
    betas = [_beta(f"{kind}-isotropic", Blur(), *pair) for pair in keys]  # pyright: ignore
    assert low <= min(betas) <= max(betas) <= high
    assert np.mean([beta <= 1 for beta in betas]) == pytest.approx(0.5, abs=0.07)
    assert {_beta("isotropic", Blur(), *pair) for pair in keys} == {1.0}


def test_blur_has_its_probability() -> None:
    picture = torch.rand(3, 9, 9, dtype=torch.float64)
    same = [random_blur(picture, Blur(probability=0.8), key) is picture for key in KEYS]
    assert np.mean(same) == pytest.approx(0.2, abs=0.05)


KEYS = Key(2, 2).fork(300)


def test_final_sinc() -> None:
    kernels = [draw_final_sinc(key) for key in KEYS]
    assert {len(kernel) for kernel in kernels} == set(range(7, 22, 2))
