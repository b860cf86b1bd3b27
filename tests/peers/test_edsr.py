"""EDSR against the steps of the authors' program, one after the other."""

import pytest
import torch
from tiny_peers import official, tiny_peer
from torch import Tensor
from torch.nn.functional import conv2d, pixel_shuffle, relu

from hatsr.peers import EDSRConfig


def conv(w: dict[str, Tensor], name: str, x: Tensor) -> Tensor:
    """A convolution that keeps the size."""
    weight = w[name + ".weight"]
    return conv2d(x, weight, w[name + ".bias"], padding=weight.shape[-1] // 2)


def tail(w: dict[str, Tensor], x: Tensor, scale: int) -> Tensor:
    if scale == 3:
        x = pixel_shuffle(conv(w, "tail.0.0", x), 3)
    else:
        x = pixel_shuffle(conv(w, "tail.0.0", x), 2)
        if scale == 4:
            x = pixel_shuffle(conv(w, "tail.0.2", x), 2)
    return conv(w, "add_mean", conv(w, "tail.1", x))


def forward(w: dict[str, Tensor], x: Tensor, scale: int, residual_scale: float) -> Tensor:
    head = conv(w, "head.0", conv(w, "sub_mean", x * 255))
    x = head
    for i in range(2):
        y = conv(w, f"body.{i}.body.0", x)
        x = conv(w, f"body.{i}.body.2", relu(y)) * residual_scale + x
    return tail(w, conv(w, "body.2", x) + head, scale) / 255


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_as_the_authors_program(scale: int) -> None:
    network = tiny_peer("edsr", scale=scale, residual_scale=0.1)
    lr = torch.rand(2, 3, 9, 8)
    with torch.no_grad():
        expected = forward(official(network), lr, scale, 0.1)
        assert (network(lr) - expected).abs().max() < 1e-4


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"width": 0}, "width must be at least 1, got 0"),
        ({"residual_scale": float("nan")}, "residual_scale must be a finite number, got nan"),
    ],
)
def test_wrong_configurations(changes: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        EDSRConfig(**changes)
