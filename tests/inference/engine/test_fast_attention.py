"""Attention in bands adds to a map what the network's attention gives, whatever the bands are."""

import pytest
import torch
from tiny import tiny
from torch import nn

from hatsr.inference.engine.fast_attention import (
    FastOverlappingAttention,
    FastWindowAttention,
    weights,
)
from hatsr.inference.engine.linear import FLOAT
from hatsr.inference.engine.maps import WindowGrid
from hatsr.model.blocks import HAB, OCAB
from hatsr.model.network import RHAG

HEIGHT, WIDTH = 12, 8


def group_of(**changes: object) -> RHAG:
    (group, *_) = tiny(**changes).double().groups
    assert isinstance(group, RHAG)
    return group


def grid(pixels: int) -> WindowGrid:
    return WindowGrid(HEIGHT, WIDTH, 4, 2, pixels, torch.device("cpu"))


def features() -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randn(HEIGHT * WIDTH, 12, dtype=torch.float64, generator=generator)


def added_by(block: HAB | OCAB, x: torch.Tensor) -> torch.Tensor:
    """What the network's own attention adds."""
    picture = block.norm1(x).view(1, HEIGHT, WIDTH, 12)
    return block.attention.proj(block.attention(block.attention.qkv(picture))).view(x.shape)


@pytest.mark.parametrize("pixels", [1, 64, 1000])
@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize("qkv_bias", [True, False])
@torch.no_grad()
def test_windows(qkv_bias: bool, place: int, pixels: int) -> None:
    block, x = group_of(qkv_bias=qkv_bias).blocks[place], features()
    assert isinstance(block, HAB)
    fast = FastWindowAttention(block.norm1, block.attention, FLOAT, pixels)
    bands, wanted = grid(pixels).bands(fast.shift), x + added_by(block, x)
    assert (fast.shift, len(bands)) == (2 * place, {1: 3, 64: 2, 1000: 1}[pixels])
    for band in bands:
        fast(x, band)
    torch.testing.assert_close(x, wanted)


@pytest.mark.parametrize("pixels", [1, 64, 1000])
@torch.no_grad()
def test_overlapping_windows_are_written_to_another_map(pixels: int) -> None:
    block, x = group_of().ocab, features()
    assert isinstance(block, OCAB)
    fast = FastOverlappingAttention(block.norm1, block.attention, FLOAT, pixels)
    out, before = torch.full_like(x, torch.nan), x.clone()
    for band in grid(pixels).overlapping_bands:
        fast(out[band.rows], x, band)
    torch.testing.assert_close(out, x + added_by(block, x))
    assert torch.equal(x, before)


def test_a_layer_without_bias_has_one_of_zeros() -> None:
    layer = nn.Linear(3, 5, bias=False)
    weight, bias = weights(layer)
    assert weight is layer.weight
    assert torch.equal(bias, torch.zeros(5))
