"""What the blocks begin as, and drop-path."""

import pytest
import torch

from hatsr.model import preset
from hatsr.model.blocks import HAB, ChannelAttention
from hatsr.model.network import _initialise


def test_gates_begin_as_convolutions_other_linear_layers_as_in_swin() -> None:
    """torch's default for a 1 x 1 convolution of n channels: uniform within 1 / sqrt(n)."""
    torch.manual_seed(0)
    block = HAB(preset("hat-t"), heads=4, shift=0, drop_path=0.0).apply(_initialise)
    gate = block.cab.attention  # pyright: ignore[reportOptionalMemberAccess]
    assert isinstance(gate, ChannelAttention)
    for layer in (gate.squeeze, gate.excite):
        bound = layer.in_features**-0.5
        for values in (layer.weight, layer.bias):
            assert bound / 2 < values.abs().max() <= bound
    assert block.mlp.fc1.weight.std().item() == pytest.approx(0.02, rel=0.1)
    assert not block.mlp.fc1.bias.any()


def test_drop_path_keeps_the_mean() -> None:
    from hatsr.model.blocks import DropPath

    torch.manual_seed(0)
    dropped = DropPath(0.25).train()(torch.ones(4000, 1, 1, 1))
    assert dropped.unique().tolist() == pytest.approx([0, 4 / 3])
    assert dropped.mean().item() == pytest.approx(1, abs=0.05)
