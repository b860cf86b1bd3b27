"""The tensor names of huawei-noah/Pretrained-IPT, and the network they describe."""

import re
from collections.abc import Mapping

import torch
from torch import Tensor

from hatsr.checkpoint.layouts.shapes import count, shape, shuffle_scale
from hatsr.checkpoint.layouts.translating import RenamedLayout, Renames, renamed
from hatsr.checkpoint.peer_layouts.edsr_layout import deduce_range, unseen_range
from hatsr.peers import IPTConfig

_RENAMES: Renames = (
    (r"^heads\.(\d+)\.0\.", r"head.\1.0."),
    (r"^heads\.(\d+)\.([12])\.conv1\.", r"head.\1.\2.body.0."),
    (r"^heads\.(\d+)\.([12])\.conv2\.", r"head.\1.\2.body.2."),
    (r"^tails\.(\d+)\.last\.", r"tail.\1.1."),
    (r"^body\.linear\.", "body.linear_encoding."),
    (r"^body\.positions\.", "body.position_encoding.pe."),
    (r"^body\.tasks\.", "body.query_embed."),
    (r"^body\.mlp\.linear1\.", "body.mlp_head.0."),
    (r"^body\.mlp\.linear2\.", "body.mlp_head.3."),
    (r"^body\.(en|de)coder\.(\d+)\.", r"body.\1coder.layers.\2."),
    (r"\.(\d+)\.mlp\.", r".\1."),
    (r"\.cross_attention\.", ".multihead_attn."),
    (r"\.attention\.", ".self_attn."),
)
_HEAD_DIM = 48
"""Width of an attention head, which no tensor shows, in the published network."""


def official_name(name: str, _: IPTConfig) -> str:
    """The official name of one of our tensors."""
    # Convolutions and pixel shuffles share one numbering.
    name = re.sub(
        r"^tails\.(\d+)\.steps\.(\d+)\.", lambda m: f"tail.{m[1]}.0.{2 * int(m[2])}.", name
    )
    return renamed(name, _RENAMES)


def is_official(tensors: Mapping[str, Tensor]) -> bool:
    """Whether the names are those of official IPT files."""
    return "body.encoder.layers.0.self_attn.in_proj_weight" in tensors


def deduce_config(tensors: Mapping[str, Tensor]) -> IPTConfig:
    """Read the network off the official tensors.

    The scale is the largest that the file has a tail for, heads are those of at least 48 features.
    """
    width, channels = shape(tensors, "head.0.0.weight", 4)[:2]
    tokens, embed_dim = shape(tensors, "body.position_encoding.pe.weight", 2)
    token = round((embed_dim / width) ** 0.5)
    shape(tensors, "tail.0.1.weight", 4)
    tasks = tuple(
        shuffle_scale(tensors, rf"tail\.{i}\.0\.\d+\.weight$", width)
        for i in range(count(tensors, r"tail\.(\d+)\."))
    )
    return IPTConfig(
        scale=max(tasks),
        channels=channels,
        width=width,
        token=token,
        crop=round(tokens**0.5) * token,
        heads=_heads(embed_dim),
        layers=count(tensors, r"body\.encoder\.layers\.(\d+)\."),
        tasks=tasks,
        queries=shape(tensors, "body.query_embed.weight", 2)[0],
        img_range=deduce_range(tensors),
    )


def _heads(embed_dim: int) -> int:
    """As many heads as are no narrower than the published ones and divide the width."""
    most = max(1, embed_dim // _HEAD_DIM)
    return next(heads for heads in range(most, 0, -1) if embed_dim % heads == 0)


def unseen(config: IPTConfig) -> tuple[str, ...]:
    """The fields of a configuration that no tensor shows: of several scales one is chosen."""
    several = ("scale",) if len(set(config.tasks)) > 1 else ()
    return (*several, "heads", *unseen_range(config))


def tables(config: IPTConfig) -> dict[str, Tensor]:
    """The numbers of the tokens, which the authors' program stores."""
    return {"body.position_encoding.position_ids": torch.arange(config.tokens)[None]}


IPT_LAYOUT = RenamedLayout(
    is_official=is_official,
    deduce_config=deduce_config,
    unseen=unseen,
    official_name=official_name,
    tables=tables,
)
