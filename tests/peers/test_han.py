"""HAN against the steps of the authors' program, one after the other."""

import pytest
import torch
from tiny_peers import official, tiny_peer
from torch import Tensor
from torch.nn.functional import conv2d, conv3d, pixel_shuffle, relu

from hatsr.peers import HANConfig


def forward(w: dict[str, Tensor], x: Tensor) -> Tensor:
    def conv(name: str, x: Tensor) -> Tensor:
        weight = w[name + ".weight"]
        return conv2d(x, weight, w[name + ".bias"], padding=weight.shape[-1] // 2)

    head = conv("head.0", conv("sub_mean", x * 255))
    x, layers = head, []
    for g in range(2):
        group = x
        for i in range(2):
            name = f"body.{g}.body.{i}.body."
            y = conv(name + "2", relu(conv(name + "0", x)))
            hidden = relu(conv(name + "3.conv_du.0", y.mean((2, 3), keepdim=True)))
            x = x + y * torch.sigmoid(conv(name + "3.conv_du.2", hidden))
        x = conv(f"body.{g}.body.2", x) + group
        layers.insert(0, x)
    x = conv("body.2", x)
    layers.insert(0, x)

    parts = []
    for mine in layers:
        energies = torch.stack([(mine * other).sum((1, 2, 3)) for other in layers], 1)
        weights = torch.softmax(energies.max(1, keepdim=True)[0] - energies, 1)
        mixed = sum(weights[:, j, None, None, None] * other for j, other in enumerate(layers))
        parts.append(w["la.gamma"] * mixed + mine)
    by_layer = conv("last_conv", torch.cat(parts, 1))

    near = torch.sigmoid(conv3d(x[:, None], w["csa.conv.weight"], w["csa.conv.bias"], padding=1))
    x = x * (w["csa.gamma"] * near[:, 0]) + x
    x = conv("last", torch.cat((x, by_layer), 1)) + head
    x = pixel_shuffle(conv("tail.0.0", x), 2)
    x = conv("tail.1", pixel_shuffle(conv("tail.0.2", x), 2))
    return conv("add_mean", x) / 255


def test_as_the_authors_program() -> None:
    network = tiny_peer("han")
    lr = torch.rand(2, 3, 9, 8)
    with torch.no_grad():
        assert (network(lr) - forward(official(network), lr)).abs().max() < 1e-4


def test_a_squeeze_factor_that_leaves_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="squeeze_factor must be at most width 64, got 65"):
        HANConfig(squeeze_factor=65)
