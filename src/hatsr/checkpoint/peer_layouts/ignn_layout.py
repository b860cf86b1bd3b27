"""The tensor names of sczhou/IGNN, and the network they describe."""

from collections.abc import Mapping

from torch import Tensor

from hatsr.checkpoint.layouts.shapes import count, shape
from hatsr.checkpoint.layouts.translating import RenamedLayout, Renames, renamed
from hatsr.checkpoint.peer_layouts.edsr_layout import deduce_range, unseen_range
from hatsr.peers import IGNNConfig

_RENAMES: Renames = (
    (r"^shallow\.", "head.0."),
    (r"^features\.normalise\.", "vggnet.sub_mean."),
    (r"^features\.conv1\.", "vggnet.model.0."),
    (r"^features\.conv2\.", "vggnet.model.2."),
    (r"^before\.(\d+)\.", r"body1.\1."),
    (r"^after\.(\d+)\.", r"body2.\1."),
    (r"\.conv1\.", ".body.0."),
    (r"\.conv2\.", ".body.2."),
    (r"^graph\.reduce\.(\d)\.", r"gcn.knn_downsample.\1.0."),
    (r"^graph\.weigh_(lr|hr)\.([02])\.", r"gcn.weightnet_\1.\2.0."),
    (r"^graph\.weigh_(lr|hr)\.1\.", r"gcn.weightnet_\1.1."),
    (r"^fuse\.(\d)\.", r"fuse_b.\1.0."),
    (r"^fuse_up\.(\d)\.", r"fuse_up.\1.0."),
    (r"^enlarge\.", "upsample.0."),
    (r"^tail\.steps\.0\.", "tail.0.0."),
)


def official_name(name: str, config: IGNNConfig) -> str:
    """The official name of one of our tensors."""
    last = config.blocks - config.blocks // 2
    ends = (
        (r"^body_conv\.", f"body2.{last}.0."),
        (r"^tail\.last\.", "tail.1.0." if config.scale == 4 else "tail.0.0."),
    )
    return renamed(name, (*_RENAMES, *ends))


def is_official(tensors: Mapping[str, Tensor]) -> bool:
    """Whether the names are those of official IGNN files."""
    return "gcn.knn_downsample.0.0.weight" in tensors


def deduce_config(tensors: Mapping[str, Tensor]) -> IGNNConfig:
    """Read the network off the official tensors.

    What no tensor shows has the published value, but the factor of the branches is 1 in narrow
    networks.
    """
    width, channels = shape(tensors, "head.0.weight", 4)[:2]
    graph_scale = 3 if shape(tensors, "upsample.0.weight", 4)[0] == 9 * width else 2
    return IGNNConfig(
        scale=4 if "tail.1.0.weight" in tensors else graph_scale,
        channels=channels,
        width=width,
        blocks=count(tensors, r"body1\.(\d+)\.") + count(tensors, r"body2\.(\d+)\.") - 1,
        residual_scale=0.1 if width >= 256 else 1.0,
        img_range=deduce_range(tensors),
    )


def unseen(config: IGNNConfig) -> tuple[str, ...]:
    """The fields of a configuration that no tensor shows."""
    return ("neighbours", "window", "residual_scale", *unseen_range(config))


IGNN_LAYOUT = RenamedLayout(
    is_official=is_official,
    deduce_config=deduce_config,
    unseen=unseen,
    official_name=official_name,
    copies=((r"^vggnet\.", "graph.embedcnn."),),
)
