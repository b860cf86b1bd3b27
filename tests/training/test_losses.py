"""Pixel losses."""

from math import log
from typing import get_args

import pytest
import torch

from hatsr.training.losses import LOSSES, LossName, pixel_loss


def test_losses() -> None:
    sr, hr = torch.full((1, 1, 2, 2), 0.5), torch.zeros(1, 1, 2, 2)
    values = [float(pixel_loss(name, sr, hr)) for name in ("l1", "charbonnier", "mse")]
    assert values == pytest.approx([0.5, 0.500001, 0.25])


def test_psnr_loss_weighs_pictures_alike() -> None:
    sr = torch.stack([torch.full((1, 2, 2), 0.3), torch.full((1, 2, 2), 0.6)]).requires_grad_()
    loss = pixel_loss("psnr", sr, torch.zeros(2, 1, 2, 2))
    levels = (0.09, 0.36)  # squared errors; PSNR is -10 log10 of them
    assert float(loss.detach()) == pytest.approx(sum(map(log, levels)) / 2, abs=0.01)
    (gradient,) = torch.autograd.grad(loss, sr)
    near, far = gradient.abs().sum((1, 2, 3)).tolist()
    assert near / far == pytest.approx(2, rel=0.02)  # 1 / error; squared error gives 1 / 2


def test_each_loss_is_described() -> None:
    assert set(LOSSES) == set(get_args(LossName))


def test_what_the_document_says_of_the_psnr_loss() -> None:
    assert torch.tensor(-5.84).exp() - 5e-4 == pytest.approx(0.0024, abs=5e-5)
    assert 10 / log(10) == pytest.approx(4.3, abs=0.05)  # dB for each 1 of the logarithm
