"""The tensor names of yulunzhang/RCAN and of zudi-lin/rcan-it, and the network they describe."""

import re
from collections.abc import Mapping
from typing import Any

from torch import Tensor

from hatsr.checkpoint.layouts.shapes import count, shape
from hatsr.checkpoint.layouts.translating import RenamedLayout, Renames, renamed
from hatsr.checkpoint.peer_layouts.edsr_layout import deduce_ends, end_name, unseen_range
from hatsr.peers import RCANConfig

_RENAMES: Renames = (
    (r"^groups\.(\d+)\.blocks\.(\d+)\.", r"body.\1.body.\2.body."),
    (r"\.body\.conv1\.", ".body.0."),
    (r"\.body\.conv2\.", ".body.2."),
    (r"\.body\.attention\.squeeze\.", ".body.3.conv_du.0."),
    (r"\.body\.attention\.excite\.", ".body.3.conv_du.2."),
)


def group_name(name: str, groups: int, blocks: int) -> str:
    """The official name of a tensor, in networks of so many groups of blocks."""
    counted = (
        (r"^groups\.(\d+)\.conv\.", rf"body.\1.body.{blocks}."),
        (r"^body_conv\.", f"body.{groups}."),
    )
    return end_name(renamed(name, (*_RENAMES, *counted)))


def official_name(name: str, config: RCANConfig) -> str:
    """The official name of one of our tensors; with an active tail, that of RCAN-it's program."""
    if config.active_tail:  # an activation has a number too
        name = re.sub(r"^tail\.steps\.(\d+)\.", lambda m: f"tail.0.{3 * int(m[1])}.", name)
    name = group_name(name, config.groups, config.blocks)
    return name.replace(".conv_du.", ".excitation.") if config.active_tail else name


def is_official(tensors: Mapping[str, Tensor]) -> bool:
    """Whether the names are those of official RCAN files."""
    return "body.0.body.0.body.0.weight" in tensors and "last_conv.weight" not in tensors


def deduce_groups(tensors: Mapping[str, Tensor], gate: str = "conv_du") -> dict[str, Any]:
    """Groups, blocks in each, and the squeeze factor."""
    hidden, width = shape(tensors, f"body.0.body.0.body.3.{gate}.0.weight", 4)[:2]
    return {
        "groups": count(tensors, r"body\.(\d+)\.body\."),
        "blocks": count(tensors, r"body\.0\.body\.(\d+)\.body\."),
        "squeeze_factor": width // hidden,
    }


def deduce_config(tensors: Mapping[str, Tensor]) -> RCANConfig:
    """Read the network off the official tensors.

    No tensor shows the activation and the factor of the branches: they are those of the program.
    """
    if "body.0.body.0.body.3.excitation.0.weight" not in tensors:
        return RCANConfig(**deduce_ends(tensors), **deduce_groups(tensors))
    return RCANConfig(
        **deduce_ends(tensors),
        **deduce_groups(tensors, "excitation"),
        activation="silu",
        active_tail=True,
        residual_scale=0.1,
    )


def unseen(config: RCANConfig) -> tuple[str, ...]:
    """The fields of a configuration that no tensor shows."""
    return ("activation", "residual_scale", *unseen_range(config))


RCAN_LAYOUT = RenamedLayout(
    is_official=is_official,
    deduce_config=deduce_config,
    unseen=unseen,
    official_name=official_name,
)
