"""RCAN against the steps of the authors' program, one after the other."""

import pytest
import torch
from tiny_peers import official, tiny_peer
from torch import Tensor
from torch.nn.functional import conv2d, pixel_shuffle, relu, silu

from hatsr.checkpoint.peer_layouts.rcan_layout import deduce_config
from hatsr.peers import RCANConfig


def forward(w: dict[str, Tensor], x: Tensor) -> Tensor:
    def conv(name: str, x: Tensor) -> Tensor:
        weight = w[name + ".weight"]
        return conv2d(x, weight, w[name + ".bias"], padding=weight.shape[-1] // 2)

    head = conv("head.0", conv("sub_mean", x * 255))
    x = head
    for g in range(2):
        group = x
        for i in range(2):
            name = f"body.{g}.body.{i}.body."
            y = conv(name + "2", relu(conv(name + "0", x)))
            hidden = relu(conv(name + "3.conv_du.0", y.mean((2, 3), keepdim=True)))
            x = x + y * torch.sigmoid(conv(name + "3.conv_du.2", hidden))
        x = conv(f"body.{g}.body.2", x) + group
    x = pixel_shuffle(conv("tail.0.0", conv("body.2", x) + head), 2)
    x = conv("tail.1", pixel_shuffle(conv("tail.0.2", x), 2))
    return conv("add_mean", x) / 255


def forward_it(w: dict[str, Tensor], x: Tensor) -> Tensor:
    """RCAN-it."""

    def conv(name: str, x: Tensor) -> Tensor:
        weight = w[name + ".weight"]
        return conv2d(x, weight, w[name + ".bias"], padding=weight.shape[-1] // 2)

    head = conv("head.0", conv("sub_mean", x * 255))
    x = head
    for g in range(2):
        group = x
        for i in range(2):
            name = f"body.{g}.body.{i}.body."
            y = conv(name + "2", silu(conv(name + "0", x)))
            hidden = silu(conv(name + "3.excitation.0", y.mean((2, 3), keepdim=True)))
            x = x + 0.1 * y * torch.sigmoid(conv(name + "3.excitation.2", hidden))
        x = conv(f"body.{g}.body.2", x) + group
    x = silu(pixel_shuffle(conv("tail.0.0", conv("body.2", x) + head), 2))
    x = conv("tail.1", silu(pixel_shuffle(conv("tail.0.3", x), 2)))
    return conv("add_mean", x) / 255


IT = {"activation": "silu", "active_tail": True, "residual_scale": 0.1}


@pytest.mark.parametrize(("changes", "expected"), [({}, forward), (IT, forward_it)])
def test_as_the_authors_program(changes: dict, expected) -> None:
    network = tiny_peer("rcan", **changes)
    lr = torch.rand(2, 3, 9, 8)
    with torch.no_grad():
        assert (network(lr) - expected(official(network), lr)).abs().max() < 1e-4
    assert deduce_config(official(network)) == network.config


def test_layers_of_the_mean_colour_that_drifted_in_training_are_kept() -> None:
    network = tiny_peer("rcan")
    network.add_mean.weight.add_(0.01)
    lr = torch.rand(1, 3, 5, 5)
    with torch.no_grad():
        assert (network(lr) - forward(official(network), lr)).abs().max() < 1e-4


def test_a_squeeze_factor_that_leaves_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="squeeze_factor must be at most width 64, got 65"):
        RCANConfig(squeeze_factor=65)
