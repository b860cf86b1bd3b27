from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional as F

from hatsr.training.adversarial import feature_loss
from hatsr.training.adversarial.feature_loss import open_features, perceptual_loss

NAMES = (0, 2, 5, 7, 10, 12, 14, 16, 19, 21, 23, 25, 28, 30, 32, 34)
"""Of the convolutions of VGG19, as torchvision numbers layers."""


@pytest.fixture
def vgg(monkeypatch: pytest.MonkeyPatch) -> dict[str, Tensor]:
    """VGG19 with a sixteenth of its width."""
    blocks = tuple((width // 16, count) for width, count in feature_loss._BLOCKS)
    monkeypatch.setattr(feature_loss, "_BLOCKS", blocks)
    torch.manual_seed(0)
    widths = [3, *(width for width, count in blocks for _ in range(count))]
    tensors = {"classifier.0.weight": torch.zeros(1)}
    for place, inputs, outputs in zip(NAMES, widths[:-1], widths[1:], strict=True):
        tensors[f"features.{place}.weight"] = torch.randn(outputs, inputs, 3, 3) * 0.3
        tensors[f"features.{place}.bias"] = torch.randn(outputs) * 0.1
    return tensors


def by_hand(tensors: dict[str, Tensor], x: Tensor) -> dict[int, Tensor]:
    """Features before the activation by the number of their layer."""
    mean, deviation = torch.tensor([[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]]).unbind(0)
    x = (x - mean.view(3, 1, 1)) / deviation.view(3, 1, 1)
    found = {}
    for place in range(37):
        if place in NAMES:
            weights = tensors[f"features.{place}.weight"], tensors[f"features.{place}.bias"]
            x = found[place] = F.conv2d(x, *weights, padding=1)
        elif place in (4, 9, 18, 27, 36):
            x = F.max_pool2d(x, 2)
        else:
            x = F.relu(x)
    return found


def test_vgg19_by_the_names_of_torchvision(vgg: dict[str, Tensor], tmp_path: Path) -> None:
    save_file(vgg, tmp_path / "vgg.safetensors")
    network = open_features(tmp_path / "vgg.safetensors")
    sr, hr = torch.rand(2, 1, 3, 32, 32)
    ours, other = by_hand(vgg, sr), by_hand(vgg, hr)
    wanted = sum(
        weight * float((ours[place] - other[place]).abs().mean())
        for place, weight in ((2, 0.1), (7, 0.1), (16, 1), (25, 1), (34, 1))
    )
    assert abs(float(perceptual_loss(network, sr, hr)) - wanted) < 1e-4 * wanted
    assert float(perceptual_loss(network, hr, hr)) == 0


def test_a_gradient_reaches_sr_alone(vgg: dict[str, Tensor], tmp_path: Path) -> None:
    save_file(vgg, tmp_path / "vgg.safetensors")
    network = open_features(tmp_path / "vgg.safetensors")
    sr = torch.rand(1, 3, 32, 32, requires_grad=True)
    perceptual_loss(network, sr, torch.rand(1, 3, 32, 32)).backward()
    assert sr.grad is not None
    assert sr.grad.abs().max() > 0
    assert all(parameter.grad is None for parameter in network.parameters())


def test_programs_of_others(tmp_path: Path) -> None:
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU())
    sr, hr = torch.rand(2, 1, 3, 16, 16)
    wanted = float((network(sr) - network(hr)).abs().mean().detach())
    sides = {2: torch.export.Dim.AUTO, 3: torch.export.Dim.AUTO}
    exported = torch.export.export(network, (sr,), dynamic_shapes=(sides,))
    torch.export.save(exported, tmp_path / "f.pt2")
    found = float(perceptual_loss(open_features(tmp_path / "f.pt2"), sr, hr))
    assert abs(found - wanted) < 1e-6


@pytest.mark.parametrize(
    ("break_it", "message"),
    [
        (lambda t: t.pop("features.34.bias"), r"features.34.bias of shape \(32,\), got none"),
        (lambda t: t.update({"features.0.weight": torch.zeros(4, 1, 3, 3)}), r"got \(4, 1, 3, 3\)"),
    ],
)
def test_what_is_no_vgg19(vgg: dict[str, Tensor], tmp_path: Path, break_it, message: str) -> None:
    break_it(vgg)
    save_file(vgg, tmp_path / "vgg.safetensors")
    with pytest.raises(ValueError, match=message):
        open_features(tmp_path / "vgg.safetensors")


def test_what_is_no_network(tmp_path: Path) -> None:
    (tmp_path / "a.pt").write_bytes(b"nothing")
    with pytest.raises(ValueError, match="a feature network must be VGG19"):
        open_features(tmp_path / "a.pt")
