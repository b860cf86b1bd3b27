"""The tensor names of HarukiYqM/Non-Local-Sparse-Attention, and the network they describe."""

import re
from collections.abc import Mapping
from itertools import pairwise

from torch import Tensor

from hatsr.checkpoint.layouts.shapes import count
from hatsr.checkpoint.layouts.translating import RenamedLayout, Renames, renamed
from hatsr.checkpoint.peer_layouts.edsr_layout import deduce_ends, end_name, unseen_range
from hatsr.peers import NLSNConfig

_RENAMES: Renames = (
    (r"^blocks\.(\d+)\.conv1\.", r"body.\1.body.0."),
    (r"^blocks\.(\d+)\.conv2\.", r"body.\1.body.2."),
    (r"^blocks\.(\d+)\.match\.", r"body.\1.conv_match.0."),
    (r"^blocks\.(\d+)\.assemble\.", r"body.\1.conv_assembly.0."),
)


def official_name(name: str, config: NLSNConfig) -> str:
    """The official name of one of our tensors."""
    last = config.blocks + config.blocks // config.attention_every + 1
    return end_name(renamed(name, (*_RENAMES, (r"^body_conv\.", f"body.{last}."))))


def is_official(tensors: Mapping[str, Tensor]) -> bool:
    """Whether the names are those of official NLSN files."""
    return "body.0.conv_match.0.weight" in tensors


def deduce_config(tensors: Mapping[str, Tensor]) -> NLSNConfig:
    """Read the network off the official tensors.

    What no tensor shows has the published value, but the factor of the branches is 1 in narrow
    networks.
    """
    ends = deduce_ends(tensors, gray_range=1.0)
    pattern = re.compile(r"body\.(\d+)\.conv_match\.0\.weight$")
    places = sorted(int(m[1]) for name in tensors if (m := pattern.match(name)))
    layers = count(tensors, r"body\.(\d+)\.") - 1
    blocks = layers - len(places)
    every = [after - before - 1 for before, after in pairwise(places)]
    return NLSNConfig(
        **ends,
        blocks=blocks,
        attention_every=every[0] if every else blocks + 1,
        residual_scale=0.1 if ends["width"] >= 256 else 1.0,
    )


def unseen(config: NLSNConfig) -> tuple[str, ...]:
    """The fields of a configuration that no tensor shows."""
    return ("chunk", "hashes", "residual_scale", *unseen_range(config))


NLSN_LAYOUT = RenamedLayout(
    is_official=is_official,
    deduce_config=deduce_config,
    unseen=unseen,
    official_name=official_name,
)
