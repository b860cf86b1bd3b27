"""SRResNet against the steps of BasicSR's program, one after the other."""

import pytest
import torch
from tiny_peers import official, tiny_peer
from torch import Tensor
from torch.nn.functional import conv2d, interpolate, leaky_relu, pixel_shuffle, relu


def forward(w: dict[str, Tensor], lr: Tensor, scale: int) -> Tensor:
    def conv(name: str, x: Tensor) -> Tensor:
        return conv2d(x, w[name + ".weight"], w[name + ".bias"], padding=1)

    x = leaky_relu(conv("conv_first", lr), 0.1)
    for i in range(2):
        x = x + conv(f"body.{i}.conv2", relu(conv(f"body.{i}.conv1", x)))
    x = leaky_relu(pixel_shuffle(conv("upconv1", x), 3 if scale == 3 else 2), 0.1)
    if scale == 4:
        x = leaky_relu(pixel_shuffle(conv("upconv2", x), 2), 0.1)
    base = interpolate(lr, scale_factor=scale, mode="bilinear", align_corners=False)
    return conv("conv_last", leaky_relu(conv("conv_hr", x), 0.1)) + base


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_as_the_authors_program(scale: int) -> None:
    network = tiny_peer("srresnet", scale=scale)
    lr = torch.rand(2, 3, 9, 8)
    with torch.no_grad():
        expected = forward(official(network), lr, scale)
        assert (network(lr) - expected).abs().max() < 1e-4
