"""The tensor names of fenglinglwb/EDT, and the network they describe."""

import re
from collections.abc import Mapping
from math import gcd

from torch import Tensor

from hatsr.checkpoint.layouts.shapes import count, shape
from hatsr.checkpoint.layouts.translating import RenamedLayout, Renames, renamed
from hatsr.peers import EDTConfig
from hatsr.peers.parts.strip_attention import seam_mask

_RENAMES: Renames = (
    (r"^heads\.(x\d)\.first\.", r"head_sr_\1.0."),
    (r"^tails\.(x\d)\.merges\.", r"tail_sr_\1."),
    (r"\.conv([12])\.", r".conv_\1."),
    (r"^embed_norm\.", "body.patch_embed.norm."),
    (r"^norm\.", "body.norm."),
    (r"^body_conv\.", "body.conv_after_body."),
    (r"^stages\.(\d+)\.", r"body.layers.\1.residual_group."),
    (r"\.strips\.", ".attns."),
    (r"\.mlp\.conv\.", ".mlp.dwconv."),
)
_MASKED_SIDE = 48
"""Side of the pictures that the authors' program stores masks for, LR pixels."""


def official_name(name: str, config: EDTConfig) -> str:
    """The official name of one of our tensors."""
    levels = config.levels
    name = re.sub(
        r"^heads\.(x\d)\.levels\.(\d+)\.", lambda m: f"head_sr_{m[1]}.{int(m[2]) + 1}.", name
    )
    name = re.sub(
        r"^tails\.(x\d)\.end\.steps\.(\d+)\.",
        lambda m: f"tail_sr_{m[1]}.{levels}.{2 * int(m[2])}.",
        name,
    )
    ends = (
        (r"^heads\.(x\d)\.last\.", rf"head_sr_\1.{levels + 1}."),
        (r"^tails\.(x\d)\.end\.0\.", rf"tail_sr_\1.{levels}.0."),
        (r"^tails\.(x\d)\.end\.last\.", rf"tail_sr_\1.{levels + 1}."),
    )
    return renamed(name, (*ends, *_RENAMES))


def is_official(tensors: Mapping[str, Tensor]) -> bool:
    """Whether the names are those of official EDT files for super-resolution."""
    return "body.layers.0.residual_group.blocks.0.attns.0.lepe.weight" in tensors


def deduce_config(tensors: Mapping[str, Tensor]) -> EDTConfig:
    """Read the network off the official tensors.

    The scale is the largest that the file has a tail for; windows are the published ones, heads 8
    at the width of EDT-L, else 6.
    """
    scales = sorted({int(m[1]) for name in tensors if (m := re.match(r"tail_sr_x(\d)\.", name))})
    if not scales:
        raise ValueError(
            "an EDT file must hold tail_sr_x2, x3 or x4, got none; take one for super-resolution"
        )
    head = f"head_sr_x{scales[-1]}"
    num_feat, channels = shape(tensors, f"{head}.0.weight", 4)[:2]
    hidden, embed_dim = shape(tensors, "body.layers.0.residual_group.blocks.0.mlp.fc1.weight", 2)
    levels = count(tensors, rf"{head}\.(\d+)\.") - 2
    stages = count(tensors, r"body\.layers\.(\d+)\.")
    return EDTConfig(
        scale=scales[-1],
        channels=channels,
        embed_dim=embed_dim,
        depths=tuple(
            count(tensors, rf"body\.layers\.{i}\.residual_group\.blocks\.(\d+)\.")
            for i in range(stages)
        ),
        heads=8 if embed_dim == 240 else gcd(embed_dim // 2, 6),
        mlp_ratio=hidden // embed_dim,
        num_feat=num_feat,
        levels=levels,
        direct=f"tail_sr_x{scales[-1]}.{levels + 1}.weight" not in tensors,
        tasks=tuple(scales) if len(scales) > 1 else (),
    )


def unseen(config: EDTConfig) -> tuple[str, ...]:
    """The fields of a configuration that no tensor shows: of several scales one is chosen."""
    always = ("heads", "window_short", "window_long", "drop_path")
    return ("scale", *always) if config.tasks else always


def tables(config: EDTConfig) -> dict[str, Tensor]:
    """The masks of shifted windows, which the authors' program stores for 48 x 48 pixels."""
    short, long = config.window_short, config.window_long
    masks = {
        key: seam_mask(_MASKED_SIDE, _MASKED_SIDE, window, (window[0] // 2, window[1] // 2))
        for key, window in (("h", (short, long)), ("v", (long, short)))
        if _MASKED_SIDE % config.window_long == 0 and _MASKED_SIDE % config.window_short == 0
    }
    return {
        f"body.layers.{stage}.residual_group.blocks.{block}.attn_mask_{key}": mask.clone()
        for stage, depth in enumerate(config.depths)
        for block in range(1, depth, 2)
        for key, mask in masks.items()
    }


EDT_LAYOUT = RenamedLayout(
    is_official=is_official,
    deduce_config=deduce_config,
    unseen=unseen,
    official_name=official_name,
    tables=tables,
)
