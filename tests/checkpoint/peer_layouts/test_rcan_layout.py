"""The names of RCAN's and RCAN-it's programs, and what their tensors tell of a network."""

from dataclasses import replace

import pytest
import torch
from tiny_peers import official, tiny_peer

from hatsr.checkpoint.peer_layouts.rcan_layout import (
    deduce_config,
    deduce_groups,
    is_official,
    official_name,
    unseen,
)
from hatsr.peers import RCAN, RCAN_PRESETS, RCANConfig


@pytest.mark.parametrize(
    ("name", "rcan", "rcan_it"),
    [
        ("tail.steps.0.bias", "tail.0.0.bias", "tail.0.0.bias"),
        ("tail.steps.1.bias", "tail.0.2.bias", "tail.0.3.bias"),  # an activation has a number too
        ("groups.3.conv.bias", "body.3.body.20.bias", "body.3.body.20.bias"),
        ("body_conv.bias", "body.10.bias", "body.10.bias"),
        (
            "groups.0.blocks.1.attention.excite.bias",
            "body.0.body.1.body.3.conv_du.2.bias",
            "body.0.body.1.body.3.excitation.2.bias",
        ),
    ],
)
def test_names_of_both_programs(name: str, rcan: str, rcan_it: str) -> None:
    assert official_name(name, RCANConfig()) == rcan
    assert official_name(name, RCANConfig(active_tail=True)) == rcan_it


@pytest.mark.parametrize("program", ["rcan", "rcan-it"])
def test_the_program_is_told_by_the_name_of_the_gate(program: str) -> None:
    config = RCAN_PRESETS[program]
    with torch.device("meta"):
        tensors = official(RCAN(replace(config, groups=3, blocks=2, squeeze_factor=8)))
    found = deduce_config(tensors | {"sub_mean.bias": torch.tensor([-114.4, -111.5, -103.0])})
    assert found == replace(config, groups=3, blocks=2, squeeze_factor=8)
    assert (found.activation, found.active_tail) == (
        ("silu", True) if program == "rcan-it" else ("relu", False)
    )
    assert unseen(found) == ("activation", "residual_scale")


def test_files_of_han_hold_the_same_groups_and_are_no_rcan() -> None:
    tensors = official(tiny_peer("han"))
    assert not is_official(tensors)
    assert is_official({k: v for k, v in tensors.items() if not k.startswith("last_conv.")})
    assert deduce_groups(tensors) == {"groups": 2, "blocks": 2, "squeeze_factor": 4}
