"""The names of HAN's program, and what its tensors tell of a network."""

import pytest
from tiny_peers import official, tiny_peer
from torch import Tensor

from hatsr.checkpoint.peer_layouts.han_layout import (
    deduce_config,
    is_official,
    official_name,
    unseen,
)
from hatsr.peers import HANConfig


@pytest.fixture(scope="module")
def tensors() -> dict[str, Tensor]:
    return official(tiny_peer("han"))


def test_attention_over_layers_is_told_from_the_convolutions_beside_it(tensors: dict) -> None:
    config = HANConfig(groups=10, blocks=20)
    for ours, theirs in (
        ("layer_attention.gamma", "la.gamma"),
        ("layer_conv.bias", "last_conv.bias"),
        ("fuse.bias", "last.bias"),
        ("body_conv.bias", "body.10.bias"),
        ("groups.9.conv.bias", "body.9.body.20.bias"),
    ):
        assert official_name(ours, config) == theirs
    # Two groups and the end of the body, of 8 features each; and 8 of each of the two attentions.
    assert tensors["last_conv.weight"].shape == (8, 3 * 8, 3, 3)
    assert tensors["last.weight"].shape == (8, 2 * 8, 3, 3)
    assert tensors["csa.conv.weight"].shape == (1, 1, 3, 3, 3)


def test_every_field_is_deduced(tensors: dict) -> None:
    found = deduce_config(tensors)
    assert found == HANConfig(width=8, groups=2, blocks=2, squeeze_factor=4)
    assert unseen(found) == ()


def test_a_network_without_its_attentions_is_not_one(tensors: dict) -> None:
    assert is_official(tensors)
    for missing in ("csa.conv.weight", "last_conv.weight"):
        assert not is_official({k: v for k, v in tensors.items() if k != missing})
