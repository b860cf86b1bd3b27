"""What int8 costs, and when it is refused."""

import pytest
import torch
from tiny import tiny

from hatsr import checkpoint
from hatsr.inference import int8_check
from hatsr.inference.engine import int8_unusable
from hatsr.inference.int8_check import loss, pair
from hatsr.inference.settings import Settings
from hatsr.inference.upscaler import Upscaler
from hatsr.model import HAT
from hatsr.model.blocks import HAB

needs_int8 = pytest.mark.skipif(int8_unusable() is not None, reason=str(int8_unusable()))


def shipped(outlier: float = 1.0) -> HAT:
    """hat-t-x4; a channel of each HAB's second norm is scaled and read as much smaller."""
    model = checkpoint.read(checkpoint.resolve("hat-t-x4")).model()
    with torch.no_grad():
        for block in model.modules():
            if isinstance(block, HAB):
                block.norm2.weight[0] *= outlier
                block.norm2.bias[0] *= outlier
                block.mlp.fc1.weight[:, 0] /= outlier
    return model.eval()


@needs_int8
def test_the_shipped_network_passes() -> None:
    upscaler = Upscaler(shipped(), "hat-t-x4", Settings(precision="int8"))
    assert -0.01 < loss(shipped(), upscaler.upscale_tensor) < 0.02


@needs_int8
def test_a_network_with_an_outlier_is_refused_with_the_number() -> None:
    assert loss(shipped(1e4), shipped()) == pytest.approx(0, abs=1e-3)  # the same in float32
    int8_wanted = Settings(precision="int8")
    with pytest.raises(ValueError, match=r"at most 0\.05 dB of PSNR, got \d+\.\d\d dB with odd"):
        Upscaler(shipped(1e4), "odd", int8_wanted)


def test_loss_of_a_known_error() -> None:
    model = tiny(scale=1, tail="residual").eval()
    with torch.no_grad():
        for parameter in model.tail.parameters():
            parameter.zero_()  # SR is LR, and so HR, up to the rounding of LR
    assert loss(model, lambda lr: lr) == pytest.approx(0, abs=1e-3)
    shift = 0.01
    lr, hr = pair(1, 3)
    assert torch.equal(lr, hr)
    inside = ((hr + shift).clamp(0, 1) - hr)[:, :, 1:-1, 1:-1]
    y = int8_check.luma(inside.double())
    rounding = 1 / (12 * 255**2)
    expected = 10 * torch.log10((y.square().mean() + rounding) / rounding).item()
    assert loss(model, lambda lr: lr + shift) == pytest.approx(expected, abs=0.01)


def test_not_a_number_is_refused() -> None:
    model = tiny(scale=2).eval()
    with pytest.raises(ValueError, match="got nan dB"):
        int8_check.check_psnr_drop(model, lambda lr: model(lr) * float("nan"), "broken")


@pytest.mark.parametrize(("more", "negligible"), [(-0.1, True), (0.0004, True), (0.0008, False)])
def test_what_nobody_need_be_asked_for(more: float, negligible: bool) -> None:
    """An error that is a share larger: 20 log10(1 + share) dB, 0.0035 and 0.0069 here."""
    model = tiny(scale=2).eval()
    _, hr = pair(2, 3, 32)
    wrong, worse = (lambda _: hr + 0.05), (lambda _: hr + 0.05 * (1 + more))
    assert int8_check.is_negligible(model, wrong, worse) is negligible


@pytest.mark.parametrize(("scale", "side"), [(1, 64), (2, 64), (3, 64), (4, 64), (8, 32)])
@pytest.mark.parametrize("channels", [1, 3])
def test_pairs(scale: int, side: int, channels: int) -> None:
    lr, hr = pair(scale, channels)
    assert pair(scale, channels, side // 2)[0].shape == (1, channels, side // 2, side // 2)
    assert lr.shape == (1, channels, side, side)
    assert hr.shape == (1, channels, side * scale, side * scale)
    assert 0 <= lr.min() < 0.1
    assert 0.9 < lr.max() <= 1
