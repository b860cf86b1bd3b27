"""Blocks on zero-padded maps are the network's own; pooling over pictures and over their cores."""

import pytest
import torch
from tiny import tiny
from torch import nn
from torch.nn.functional import pad

from hatsr.inference.cuda.cuda_blocks import Closing, CudaBlock, CudaRHAG, Pooling
from hatsr.inference.runner import Box
from hatsr.model.blocks import HAB, OCAB
from hatsr.model.network import RHAG, convolve

EXACT = torch.float64


def group_of(**changes: object) -> RHAG:
    """The first group of a tiny network: two HABs, the second shifted, and an OCAB."""
    (group, *_) = tiny(conv_scale=1.0, **changes).double().groups
    assert isinstance(group, RHAG)
    return group


def features(channels: int = 12) -> torch.Tensor:
    return torch.randn(2, 8, 12, channels, generator=torch.Generator().manual_seed(0)).to(EXACT)


@pytest.mark.parametrize("place", [0, 1, -1])
@pytest.mark.parametrize("changes", [{}, {"cab": False}, {"channel_attention": False}], ids=str)
@torch.no_grad()
def test_a_block_is_the_plain_one(place: int, changes: dict) -> None:
    """What it adds last is returned; what the block before it returned is added first."""
    group = group_of(**changes)
    block = [*group.blocks, group.ocab][place]
    assert isinstance(block, HAB | OCAB)
    x, before = features(), features().flip(1)
    given = pad(x, (0, 4))
    last = CudaBlock(block, EXACT)(given, pad(before, (0, 4)), Pooling())
    torch.testing.assert_close((given + last)[..., :12], block(x + before))
    assert not (given + last)[..., 12:].any()


@pytest.mark.parametrize("changes", [{}, {"ocab": False}, {"group_conv": "identity"}], ids=str)
@torch.no_grad()
def test_a_group_is_the_plain_one(changes: dict) -> None:
    group, x = group_of(**changes), features()
    given = pad(x, (0, 4))
    CudaRHAG(group, EXACT)(given, Pooling())
    torch.testing.assert_close(given[..., :12], group(x))


@pytest.mark.parametrize("name", ["1conv", "3conv", "identity"])
@torch.no_grad()
def test_what_closes_a_group(name: str) -> None:
    conv = group_of(group_conv=name).conv
    assert isinstance(conv, nn.Module)
    x = features()
    closed = Closing(conv, EXACT)(pad(x, (0, 4)))
    torch.testing.assert_close(closed[..., :12], convolve(conv, x))


def test_pooling_of_each_picture() -> None:
    x = features()
    torch.testing.assert_close(Pooling()(x), x.flatten(1, 2).mean(1))


def test_pooling_of_cores_is_one_mean_by_area() -> None:
    x = features(1).zero_()
    x[0, 2:4, :6] = 3.0  # 12 pixels
    x[1, :, 1:2] = 9.0  # 8 pixels
    pooling = Pooling([Box(slice(2, 4), slice(0, 6)), Box(slice(0, 8), slice(1, 2))])
    assert pooling(x).tolist() == [[(12 * 3 + 8 * 9) / 20]]
    assert [mean.tolist() for mean in pooling.found] == [[5.4]]


def test_pooling_with_means_that_are_given() -> None:
    pooling = Pooling(given=iter([torch.tensor([1.0]), torch.tensor([2.0])]))
    assert [pooling(features(1)).item() for _ in range(2)] == [1.0, 2.0]
    assert pooling.found == []
