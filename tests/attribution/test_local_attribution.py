from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.ndimage import correlate
from tiny import TINY_X4 as TINY
from torch import nn
from torch.nn.functional import interpolate

from hatsr.attribution import LamSettings, lam, lam_patches
from hatsr.attribution.inputs import random_network
from hatsr.model import HAT


def noise(height: int, width: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(seed))


def literal_gini(values: np.ndarray) -> float:
    """Mean absolute difference of all pairs over twice the mean."""
    a = values.astype(np.float64).ravel() + 1e-7
    return float(np.abs(a[:, None] - a[None]).mean() / (2 * a.mean()))


def literal_lam(network, lr, y, x, window, fold):
    """Section by section as LAM defines it, one step at a time."""
    picture = lr[0].permute(1, 2, 0).numpy()
    kernels = []
    for sigma in np.linspace(1.2, 0, fold + 1) + 1e-5:
        grid = np.arange(9) - 4
        kernel = np.exp(-(grid[:, None] ** 2 + grid[None] ** 2) / (2 * sigma**2))
        kernels.append(kernel / kernel.sum())
    total, nan_steps = np.zeros_like(picture, dtype=np.float64), 0
    for i in range(fold):
        here = correlate(picture, kernels[i + 1][..., None], mode="mirror")
        slope = correlate(picture, (kernels[i + 1] - kernels[i])[..., None] * fold, mode="mirror")
        point = torch.tensor(here.transpose(2, 0, 1)[None].copy(), requires_grad=True)
        sr = network(point)
        rows = (sr[:, :, :-1, :] - sr[:, :, 1:, :]) ** 2
        columns = (sr[:, :, :, :-1] - sr[:, :, :, 1:]) ** 2
        strength = (rows[:, :, :, :-1] + columns[:, :, :-1, :]) ** 0.5
        strength[:, :, y : y + window, x : x + window].sum().backward()
        assert point.grad is not None
        gradient = point.grad[0].permute(1, 2, 0).numpy()
        nan_steps += bool(np.isnan(gradient).any())
        total += np.where(np.isnan(gradient), 0, gradient) * slope / fold
    share = np.abs(total.sum(axis=2))
    return share / share.max(), nan_steps


def nearest(lr: torch.Tensor) -> torch.Tensor:
    """Flat blocks: dh = dw = 0 inside each."""
    return interpolate(lr, scale_factor=4, mode="nearest")


@pytest.mark.parametrize("mode", ["reference", "robust"])
@pytest.mark.parametrize("patch", [(9, 17), (0, 0), (28, 24)])
@pytest.mark.parametrize(
    "config", [TINY, replace(TINY, cab=False, ocab=False)], ids=["hat", "swinir"]
)
def test_agrees_with_the_literal_definition(config, patch, mode):
    network, lr = random_network(config), noise(11, 10)
    share, _ = literal_lam(network, lr, *patch, window=16, fold=12)
    found = lam(network, lr, patch, LamSettings(steps=12, mode=mode))
    np.testing.assert_allclose(found.map, share, atol=1e-4)
    assert found.diffusion_index == pytest.approx(100 * (1 - literal_gini(share)), abs=1e-3)
    assert found.nan_steps == 0
    assert found.sr.shape == (44, 40, 3)
    with torch.no_grad():
        expected = network(lr)[0].permute(1, 2, 0).numpy()
    np.testing.assert_allclose(found.sr, expected, atol=1e-5)


def half_flat(lr: torch.Tensor) -> torch.Tensor:
    smooth = interpolate(lr, scale_factor=4, mode="bilinear")
    return torch.cat([nearest(lr)[..., :12], smooth[..., 12:]], dim=-1)


def test_gradients_that_are_not_a_number_count_as_0_and_are_counted():
    lr = noise(8, 9)
    share, nan_steps = literal_lam(half_flat, lr, 4, 4, 16, 10)
    found = lam(half_flat, lr, (4, 4), LamSettings(steps=10, mode="reference"))
    np.testing.assert_allclose(found.map, share, atol=1e-4)
    assert found.nan_steps == nan_steps == 10


def test_robust_mode_has_none_of_them():
    found = lam(nearest, noise(8, 9), (4, 4), LamSettings(steps=10))
    assert found.nan_steps == 0
    assert np.isfinite(found.map).all()
    assert found.map.max() == 1


def test_linear_model_is_exact_with_one_step():
    rising = torch.linspace(0, 1, 12)[:, None].square().expand(1, 3, 12, 10).contiguous()
    smooth = nn.Upsample(scale_factor=2, mode="bilinear")
    found = lam(smooth, rising.double(), (4, 4), LamSettings(steps=1, patch_size=12))
    assert found.completeness_error < 1e-6


def test_completeness_improves_with_the_steps():
    network, lr = random_network(TINY), noise(10, 10, seed=3)
    errors = [
        lam(network, lr, (8, 8), LamSettings(steps=steps)).completeness_error
        for steps in (4, 16, 64)
    ]
    assert errors[0] > errors[1] > errors[2]
    assert errors[2] < errors[0] / 8


@pytest.mark.parametrize("value", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("mode", ["robust", "reference"])
def test_flat_picture_has_a_zero_path_and_no_attribution(value, mode):
    lr = torch.full((1, 3, 8, 8), value)
    found = lam(random_network(TINY), lr, (0, 0), LamSettings(steps=3, mode=mode))
    assert not found.map.any()
    assert np.isnan(found.diffusion_index)
    assert found.numbers()["diffusion_index"] is None


@pytest.mark.parametrize("radius", [0, 2])
def test_nothing_is_attributed_outside_a_known_receptive_field(radius):
    torch.manual_seed(0)
    conv = nn.Conv2d(3, 12, 2 * radius + 1, padding=radius)
    network = nn.Sequential(conv, nn.PixelShuffle(2))
    found = lam(network, noise(24, 20), (16, 12), LamSettings(steps=5, patch_size=8))
    rows, columns = np.nonzero(found.map)
    # The window's differences reach SR rows 16 to 24 and columns 12 to 20.
    assert (rows.min(), rows.max()) == (8 - radius, 12 + radius)
    assert (columns.min(), columns.max()) == (6 - radius, 10 + radius)


def test_hat_spreads_wider_than_swinir_with_random_weights():
    hat = replace(TINY, window_size=16, tail="pixelshuffle-direct")
    swinir = replace(hat, window_size=8, cab=False, ocab=False)
    for seed in (0, 1):
        wide, narrow = (
            np.mean(
                [
                    found.diffusion_index
                    for found in lam_patches(
                        random_network(config, seed),
                        noise(48, 48, seed),
                        [(40, 40), (88, 88)],
                        LamSettings(steps=5),
                    )
                ]
            )
            for config in (hat, swinir)
        )
        assert wide > 1.3 * narrow


def test_75_by_75_is_padded_by_the_network_and_mapped_back():
    found = lam(random_network(TINY), noise(75, 75), (284, 284), LamSettings(steps=2))
    assert found.map.shape == (75, 75)
    assert found.map[-1, -1] > 0
    assert found.sr.shape == (300, 300, 3)


def test_batches_and_shared_forward_passes_change_nothing():
    network, lr, seen = random_network(TINY), noise(9, 9), []
    one = LamSettings(steps=7, memory=0.0)
    patches = [(0, 0), (20, 4)]
    together = lam_patches(
        network,
        lr,
        patches,
        replace(one, memory=1.0),
        lambda done, total, words: seen.append((done, total)),
    )
    for patch, found in zip(patches, together, strict=True):
        alone = lam(network, lr, patch, one)
        np.testing.assert_allclose(found.map, alone.map, atol=1e-5)
        assert found.diffusion_index == pytest.approx(alone.diffusion_index, abs=1e-4)
    assert seen == [(1, 7), (7, 7)]


def test_the_network_is_left_as_it_was():
    network = HAT(TINY).train()
    network.tail.requires_grad_(False)
    before = {name: p.requires_grad for name, p in network.named_parameters()}
    lam(network, noise(5, 5), (0, 0), LamSettings(steps=1))
    assert all(module.training for module in network.modules())
    assert before == {name: p.requires_grad for name, p in network.named_parameters()}
    assert all(p.grad is None for p in network.parameters())


def two_at_once(lr: torch.Tensor) -> torch.Tensor:
    return nearest(lr[:1])


@pytest.mark.parametrize(
    ("network", "patch", "settings", "message"),
    [
        (nearest, (17, 0), {}, r"rows 0 to 16 and columns 0 to 20 .*32 x 36.*got row 17, column 0"),
        (nearest, (0, 21), {}, "got row 0, column 21"),
        (nearest, (-1, 0), {}, "got row -1"),
        (
            nearest,
            (0, 0),
            {"patch_size": 33},
            "patch_size must be at most the SR picture's 32 x 36, got 33",
        ),
        (nearest, (0, 0), {"patch_size": 0}, "patch_size must be at least 1, got 0"),
        (nearest, (0, 0), {"steps": 0}, "steps must be at least 1, got 0"),
        (nearest, (0, 0), {"memory": -1.0}, "memory must be at least 0, got -1"),
        (two_at_once, (0, 0), {}, "must turn .* got .*set memory=0"),
        (lambda lr: lr[:, :1], (0, 0), {}, r"must turn \(1, 3, 8, 9\) into 1 x 3"),
        (lambda lr: nearest(lr).detach(), (0, 0), {}, "must be differentiable"),
        (lambda lr: nearest(lr) * torch.inf, (0, 0), {}, "gradients must be finite"),
    ],
)
def test_messages(network, patch, settings, message):
    with pytest.raises(ValueError, match=message):
        lam(network, noise(8, 9), patch, LamSettings(**{"steps": 3} | settings))


@pytest.mark.uninstrumented
def test_unknown_mode():
    with pytest.raises(ValueError, match="mode must be robust or reference, got 'exact'"):
        LamSettings(mode="exact")  # pyright: ignore[reportArgumentType]
