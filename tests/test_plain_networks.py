"""A module with the four names of the contract, and nothing else, goes through every room."""

from pathlib import Path

import numpy as np
import pytest
import torch
from other_network import BicubicConv
from PIL import Image
from torch import nn

from hatsr import Settings, Upscaler
from hatsr.attribution import LamSettings, lam
from hatsr.evaluation import EvaluationSettings, as_candidate, compare, evaluate
from hatsr.evaluation.cost.network_cost import complexity
from hatsr.evaluation.scoring import EvaluationOutput
from hatsr.image import read
from hatsr.resize import imresize


@pytest.fixture
def network() -> BicubicConv:
    torch.manual_seed(0)
    network = BicubicConv()
    with torch.no_grad():
        network.conv.weight.mul_(0.1)
    return network.eval()


def test_pictures_are_enlarged(network: BicubicConv) -> None:
    """Whole, in tiles that overlap by more than the reach of bicubic and convolution, as a file."""
    lr = torch.rand(1, 3, 30, 41)
    with torch.no_grad():
        wanted = network(lr)
    for settings in (Settings(device="cpu"), Settings(device="cpu", tile=24, overlap=8)):
        sr = Upscaler(network, "mine", settings).upscale_tensor(lr)
        torch.testing.assert_close(sr, wanted)
    array = (lr[0].permute(1, 2, 0).numpy() * 255).round().astype(np.uint8)
    found = Upscaler(network, "mine", Settings(device="cpu")).upscale(array)
    with torch.no_grad():
        exact = network(torch.from_numpy(array).permute(2, 0, 1)[None] / 255)[0].permute(1, 2, 0)
    assert np.abs(found - exact.clamp(0, 1).numpy() * 255).max() <= 0.501


def test_it_is_measured_and_compared(network: BicubicConv, pictures: Path, tmp_path: Path) -> None:
    output = EvaluationOutput(folder=tmp_path / "out")
    found = evaluate(as_candidate(network, "mine"), [str(pictures)], output=output)
    score = found.result.sets[0].scores[0]
    hr = read(pictures / f"{score.picture}.png").rgb
    codes = np.asarray(Image.open(pictures / f"{score.picture}.png").convert("RGB"))
    lr = torch.from_numpy(imresize(codes, size=(24, 26))).permute(2, 0, 1)[None] / 255
    with torch.no_grad():
        sr = (network(lr)[0].clamp(0, 1) * 255).round().permute(1, 2, 0).numpy()
    luma = np.array([65.481, 128.553, 24.966]) / 255
    error = ((sr - hr * 255) @ luma)[2:-2, 2:-2]
    assert score.psnr == pytest.approx(10 * np.log10(255**2 / np.mean(error**2)), abs=2e-3)
    models = [as_candidate(network, "mine"), "bicubic"]
    output = EvaluationOutput(folder=tmp_path / "both")
    both = compare(models, [str(pictures)], rules=EvaluationSettings(scale=2), output=output)
    assert [result.model for result in both.results] == ["mine", "bicubic"]


def test_other_weights_are_another_candidate(network: BicubicConv) -> None:
    first = as_candidate(network, "mine").weights
    with torch.no_grad():
        network.conv.bias.add_(1e-3)  # pyright: ignore[reportOptionalMemberAccess]
    assert as_candidate(network, "mine").weights != first


def test_its_use_of_pixels_is_shown(network: BicubicConv) -> None:
    """Edges of SR 20 to 22, through the convolution 19 to 23; bicubic looks at LR 8 to 13 there."""
    found = lam(network, torch.rand(1, 3, 24, 24), (20, 20), LamSettings(patch_size=2, steps=8))
    rows, cols = np.nonzero(found.map > 1e-6)
    assert (rows.min(), rows.max(), cols.min(), cols.max()) == (8, 13, 8, 13)


def test_its_cost_is_counted(network: BicubicConv) -> None:
    found = complexity(network, 16, 16)
    assert (found.parameters, found.multiply_adds) == (84, 32 * 32 * 81)


def test_a_module_without_the_names_is_refused() -> None:
    for use in (lambda m: Upscaler(m, "mine"), lambda m: as_candidate(m, "mine"), complexity):
        with pytest.raises(ValueError, match="a network must have scale, channels, multiple"):
            use(nn.Conv2d(3, 3, 1))
