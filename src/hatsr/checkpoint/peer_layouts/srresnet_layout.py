"""The tensor names of MSRResNet in XPixelGroup/BasicSR, and the network they describe."""

import re
from collections.abc import Mapping

from torch import Tensor

from hatsr.checkpoint.layouts.shapes import count, shape, shuffle_scale
from hatsr.checkpoint.layouts.translating import RenamedLayout, Renames, renamed
from hatsr.peers import SRResNetConfig

_RENAMES: Renames = (
    (r"^shallow\.", "conv_first."),
    (r"^blocks\.", "body."),
    (r"^final\.", "conv_hr."),
    (r"^last\.", "conv_last."),
)


def official_name(name: str, _: SRResNetConfig) -> str:
    """The official name of one of our tensors."""
    name = re.sub(r"^steps\.(\d+)\.", lambda m: f"upconv{int(m[1]) + 1}.", name)
    return renamed(name, _RENAMES)


def is_official(tensors: Mapping[str, Tensor]) -> bool:
    """Whether the names are those of BasicSR's files of this network."""
    return "upconv1.weight" in tensors and "body.0.conv1.weight" in tensors


def deduce_config(tensors: Mapping[str, Tensor]) -> SRResNetConfig:
    """Read the network off the official tensors."""
    width, channels = shape(tensors, "conv_first.weight", 4)[:2]
    return SRResNetConfig(
        scale=shuffle_scale(tensors, r"upconv\d\.weight$", width),
        channels=channels,
        width=width,
        blocks=count(tensors, r"body\.(\d+)\."),
    )


def unseen(_: SRResNetConfig) -> tuple[str, ...]:
    """The fields of a configuration that no tensor shows: none."""
    return ()


SRRESNET_LAYOUT = RenamedLayout(
    is_official=is_official,
    deduce_config=deduce_config,
    unseen=unseen,
    official_name=official_name,
)
