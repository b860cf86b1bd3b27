"""The names of EDSR's program, and what its tensors tell of a network."""

import pytest
import torch
from tiny_peers import official, tiny_peer
from torch import Tensor

from hatsr.checkpoint.peer_layouts.edsr_layout import deduce_config, official_name
from hatsr.peers import EDSRConfig


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


def shaped(width: int, steps: int = 1, blocks: int = 2) -> dict[str, Tensor]:
    """Some tensors of a network in RGB, written down here without the package."""
    sizes = {"head.0.weight": (width, 3, 3, 3)}
    sizes |= {f"body.{i}.body.0.weight": (width, width, 3, 3) for i in range(blocks)}
    sizes |= {f"tail.0.{2 * i}.weight": (4 * width, width, 3, 3) for i in range(steps)}
    tensors = {name: torch.empty(size, device="meta") for name, size in sizes.items()}
    return {**tensors, "sub_mean.bias": torch.tensor([-114.4, -111.5, -103.0])}


@pytest.mark.parametrize(("width", "factor"), [(64, 1.0), (256, 0.1)])
def test_the_factor_of_the_branches_goes_with_the_width(width: int, factor: float) -> None:
    expected = EDSRConfig(scale=2, width=width, blocks=2, residual_scale=factor)
    assert deduce_config(shaped(width)) == expected


@pytest.mark.parametrize(("steps", "scale"), [(1, 2), (2, 4), (3, 8)])
def test_the_scale_is_that_of_all_shuffles(steps: int, scale: int) -> None:
    assert deduce_config(shaped(64, steps)).scale == scale


def test_the_last_convolution_of_the_body_is_numbered_after_the_blocks() -> None:
    assert official_name("body_conv.bias", EDSRConfig(blocks=16)) == "body.16.bias"
    assert official_name("body_conv.bias", EDSRConfig(blocks=32)) == "body.32.bias"
