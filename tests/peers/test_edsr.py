"""EDSR against the steps of the authors' program, one after the other."""

import pytest
import torch
from tiny_peers import official, tiny_peer
from torch import Tensor
from torch.nn.functional import conv2d, pixel_shuffle, relu

from hatsr.checkpoint.peer_layouts.edsr_layout import deduce_config
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


def test_the_mean_colour() -> None:
    tensors = official(tiny_peer("edsr"))
    mean = torch.tensor([0.4488, 0.4371, 0.4040]) * 255
    assert torch.allclose(tensors["sub_mean.bias"], -mean)
    assert torch.allclose(tensors["add_mean.bias"], mean)
    assert torch.equal(tensors["sub_mean.weight"][:, :, 0, 0], torch.eye(3))


@pytest.mark.parametrize("img_range", [1.0, 255.0])
def test_the_range_is_told_by_the_mean_colour(img_range: float) -> None:
    network = tiny_peer("edsr", img_range=img_range)
    assert deduce_config(official(network)).img_range == img_range


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"head.0.weight": None}, "the file must hold head.0.weight, got a file without it"),
        ({"head.0.weight": torch.zeros(3)}, "head.0.weight must have 4 dimensions"),
    ],
)
def test_files_that_are_not_whole(change: dict, message: str) -> None:
    tensors = official(tiny_peer("edsr")) | change
    tensors = {name: tensor for name, tensor in tensors.items() if tensor is not None}
    with pytest.raises(ValueError, match=message):
        deduce_config(tensors)


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
