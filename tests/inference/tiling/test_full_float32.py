"""Float32 on GPUs is not rounded to TF32, and the setting of the process stays what it was."""

from contextlib import suppress

import pytest
import torch
from torch import Tensor, nn
from torch.backends import cudnn

from hatsr.inference.settings import Settings
from hatsr.inference.tiling.full_float32 import full_float32
from hatsr.inference.tiling.tiled_network import TiledNetwork


class Witness(nn.Module):
    """A network that notes whether convolutions would be rounded while it runs."""

    scale, channels, multiple = 1, 3, 1

    def __init__(self) -> None:
        super().__init__()
        self.rounded: list[bool] = []

    def forward(self, lr: Tensor) -> Tensor:
        if lr.device.type != "meta":
            self.rounded.append(cudnn.allow_tf32)
        return lr


@pytest.mark.parametrize("before", [True, False])
def test_the_setting_comes_back(before: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cudnn, "allow_tf32", before)
    with full_float32():
        assert not cudnn.allow_tf32
    assert cudnn.allow_tf32 == before
    with suppress(KeyError), full_float32():
        raise KeyError
    assert cudnn.allow_tf32 == before


def test_networks_run_in_full_float32() -> None:
    network = Witness()
    settings = Settings(device="cpu", precision="fp32", tile=32, overlap=8)
    TiledNetwork(network, "witness", settings).upscale_tensor(torch.rand(1, 3, 40, 40))
    assert network.rounded
    assert not any(network.rounded)
