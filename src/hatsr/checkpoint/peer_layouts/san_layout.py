"""The tensor names of daitao/SAN, and the network they describe."""

from collections.abc import Mapping

from torch import Tensor

from hatsr.checkpoint.layouts.shapes import count, shape
from hatsr.checkpoint.layouts.translating import RenamedLayout, Renames, renamed
from hatsr.checkpoint.peer_layouts.edsr_layout import deduce_ends, end_name, unseen_range
from hatsr.peers import SANConfig

_RENAMES: Renames = (
    (r"^groups\.(\d+)\.conv\.", r"RG.\1.conv_last."),
    (r"^groups\.(\d+)\.covariance_attention\.attention\.squeeze\.", r"RG.\1.soca.conv_du.0."),
    (r"^groups\.(\d+)\.covariance_attention\.attention\.excite\.", r"RG.\1.soca.conv_du.2."),
    (r"^groups\.(\d+)\.blocks\.(\d+)\.conv1\.", r"RG.\1.rcab.\2.conv_first.0."),
    (r"^groups\.(\d+)\.blocks\.(\d+)\.conv2\.", r"RG.\1.rcab.\2.conv_first.2."),
    (r"^groups\.(\d+)\.unused_gamma$", r"RG.\1.gamma"),
    (r"^unused_conv\.", "conv_last."),
    (r"^non_local\.unused_attention\.squeeze\.", "non_local.soca.conv_du.0."),
    (r"^non_local\.unused_attention\.excite\.", "non_local.soca.conv_du.2."),
    (r"^non_local\.query\.", "non_local.non_local.theta."),
    (r"^non_local\.key\.", "non_local.non_local.phi.0."),
    (r"^non_local\.value\.", "non_local.non_local.g.0."),
    (r"^non_local\.out\.", "non_local.non_local.W."),
)


def official_name(name: str, _: SANConfig) -> str:
    """The official name of one of our tensors."""
    return end_name(renamed(name, _RENAMES))


def is_official(tensors: Mapping[str, Tensor]) -> bool:
    """Whether the names are those of official SAN files."""
    return "RG.0.rcab.0.conv_first.0.weight" in tensors


def deduce_config(tensors: Mapping[str, Tensor]) -> SANConfig:
    """Read the network off the official tensors."""
    hidden, width = shape(tensors, "RG.0.soca.conv_du.0.weight", 4)[:2]
    return SANConfig(
        **deduce_ends(tensors),
        groups=count(tensors, r"RG\.(\d+)\."),
        blocks=count(tensors, r"RG\.0\.rcab\.(\d+)\."),
        squeeze_factor=width // hidden,
    )


def unseen(config: SANConfig) -> tuple[str, ...]:
    """The fields of a configuration that no tensor shows."""
    return unseen_range(config)


SAN_LAYOUT = RenamedLayout(
    is_official=is_official,
    deduce_config=deduce_config,
    unseen=unseen,
    official_name=official_name,
)
