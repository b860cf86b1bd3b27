"""The names of SAN's program, what it stores without use, and what its tensors tell."""

import torch
from tiny_peers import official, tiny_peer

from hatsr.checkpoint.peer_layouts.san_layout import SAN_LAYOUT, deduce_config, unseen
from hatsr.peers import SANConfig


def test_tensors_that_no_forward_uses_are_kept() -> None:
    """The authors' program defines them, so that its files hold them and a reader wants them."""
    network = tiny_peer("san")
    tensors = official(network)
    unused = {
        "conv_last.weight": network.unused_conv.weight,
        "RG.1.gamma": network.groups[1].unused_gamma,
        "non_local.soca.conv_du.0.bias": network.non_local.unused_attention.squeeze.bias,
    }
    assert all(torch.equal(tensors[name], tensor) for name, tensor in unused.items())
    ours = SAN_LAYOUT.from_official(network.config, network.state_dict(), tensors)
    assert torch.equal(ours["unused_conv.weight"], tensors["conv_last.weight"])


def test_linear_layers_are_convolutions_of_one_pixel_there() -> None:
    shapes = {name: tuple(tensor.shape) for name, tensor in official(tiny_peer("san")).items()}
    assert shapes["RG.0.soca.conv_du.0.weight"] == (2, 8, 1, 1)
    assert shapes["RG.0.soca.conv_du.2.weight"] == (8, 2, 1, 1)


def test_every_field_is_deduced() -> None:
    found = deduce_config(official(tiny_peer("san", scale=3)))
    assert found == SANConfig(scale=3, width=8, groups=2, blocks=2, squeeze_factor=4)
    assert unseen(found) == ()
