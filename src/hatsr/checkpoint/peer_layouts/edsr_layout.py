"""The tensor names of sanghyun-son/EDSR-PyTorch, and the network they describe.

RCAN, SAN, HAN and NLSN come from the same program and share its ends.
"""

import re
from collections.abc import Mapping
from typing import Any

from torch import Tensor

from hatsr.checkpoint.layouts.shapes import count, shape, shuffle_scale
from hatsr.checkpoint.layouts.translating import RenamedLayout, Renames, renamed
from hatsr.model import NetworkConfig
from hatsr.peers import EDSRConfig

_RENAMES: Renames = (
    (r"^blocks\.(\d+)\.conv1\.", r"body.\1.body.0."),
    (r"^blocks\.(\d+)\.conv2\.", r"body.\1.body.2."),
)
_END_RENAMES: Renames = ((r"^shallow\.", "head.0."), (r"^tail\.last\.", "tail.1."))


def end_name(name: str) -> str:
    """The official name of a tensor before or after the body."""
    # Convolutions and pixel shuffles share one numbering.
    name = re.sub(r"^tail\.steps\.(\d+)\.", lambda m: f"tail.0.{2 * int(m[1])}.", name)
    return renamed(name, _END_RENAMES)


def official_name(name: str, config: EDSRConfig) -> str:
    """The official name of one of our tensors."""
    return end_name(renamed(name, (*_RENAMES, (r"^body_conv\.", rf"body.{config.blocks}."))))


def is_official(tensors: Mapping[str, Tensor]) -> bool:
    """Whether the names are those of official EDSR files."""
    return "body.0.body.0.weight" in tensors


def deduce_ends(tensors: Mapping[str, Tensor], gray_range: float = 255.0) -> dict[str, Any]:
    """Scale, channels, width and range of pictures, which all such networks have."""
    width, channels = shape(tensors, "head.0.weight", 4)[:2]
    return {
        "scale": shuffle_scale(tensors, r"tail\.0\.\d+\.weight$", width),
        "channels": channels,
        "width": width,
        "img_range": deduce_range(tensors, gray_range),
    }


def deduce_range(tensors: Mapping[str, Tensor], gray_range: float = 255.0) -> float:
    """The range of pictures: their mean colour, which is taken away, is at most 1 or above 2.

    That of gray pictures is 0, so that `gray_range` is assumed.
    """
    shape(tensors, "sub_mean.bias", 1)
    largest = float(tensors["sub_mean.bias"].abs().max())
    if largest == 0:
        return gray_range
    return 255.0 if largest > 2 else 1.0


def unseen_range(config: NetworkConfig) -> tuple[str, ...]:
    """The range of pictures, which those of gray ones do not show."""
    return ("img_range",) if config.channels == 1 else ()


def deduce_config(tensors: Mapping[str, Tensor]) -> EDSRConfig:
    """Read the network off the official tensors.

    No tensor shows the factor of the branches: it is 0.1 at the full width of 256, else 1.
    """
    ends = deduce_ends(tensors)
    blocks = count(tensors, r"body\.(\d+)\.body\.")
    scale = 0.1 if ends["width"] >= 256 else 1.0
    return EDSRConfig(**ends, blocks=blocks, residual_scale=scale)


def unseen(config: EDSRConfig) -> tuple[str, ...]:
    """The fields of a configuration that no tensor shows."""
    return ("residual_scale", *unseen_range(config))


EDSR_LAYOUT = RenamedLayout(
    is_official=is_official,
    deduce_config=deduce_config,
    unseen=unseen,
    official_name=official_name,
)
