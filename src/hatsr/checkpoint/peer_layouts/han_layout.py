"""The tensor names of wwlCape/HAN, and the network they describe."""

from collections.abc import Mapping

from torch import Tensor

from hatsr.checkpoint.layouts.translating import RenamedLayout, Renames, renamed
from hatsr.checkpoint.peer_layouts.edsr_layout import deduce_ends, unseen_range
from hatsr.checkpoint.peer_layouts.rcan_layout import deduce_groups, group_name
from hatsr.peers import HANConfig

_RENAMES: Renames = (
    (r"^layer_attention\.", "la."),
    (r"^layer_conv\.", "last_conv."),
    (r"^channel_spatial_attention\.", "csa."),
    (r"^fuse\.", "last."),
)


def official_name(name: str, config: HANConfig) -> str:
    """The official name of one of our tensors."""
    return group_name(renamed(name, _RENAMES), config.groups, config.blocks)


def is_official(tensors: Mapping[str, Tensor]) -> bool:
    """Whether the names are those of official HAN files."""
    return "csa.conv.weight" in tensors and "last_conv.weight" in tensors


def deduce_config(tensors: Mapping[str, Tensor]) -> HANConfig:
    """Read the network off the official tensors."""
    return HANConfig(**deduce_ends(tensors), **deduce_groups(tensors))


def unseen(config: HANConfig) -> tuple[str, ...]:
    """The fields of a configuration that no tensor shows."""
    return unseen_range(config)


HAN_LAYOUT = RenamedLayout(
    is_official=is_official,
    deduce_config=deduce_config,
    unseen=unseen,
    official_name=official_name,
)
