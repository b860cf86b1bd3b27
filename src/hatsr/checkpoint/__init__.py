"""Weights on disk: safe load and save, official names and ours, shipped weights by name."""

from hatsr.checkpoint.blending import blend
from hatsr.checkpoint.encoding import check_range
from hatsr.checkpoint.locating import (
    DEFAULT_MODEL,
    called,
    default_model,
    find_config,
    is_model_folder,
    real_world_of,
    resolve,
    shipped,
)
from hatsr.checkpoint.names import shorten
from hatsr.checkpoint.network_kinds import (
    DEFAULT_KIND,
    KINDS,
    NetworkKind,
    OfficialLayout,
    kind_of,
    make_network,
    preset,
    preset_name,
    presets,
    unseen,
)
from hatsr.checkpoint.weight_files import (
    Checkpoint,
    CheckpointError,
    Layout,
    check_target,
    read,
    save,
)

__all__ = [
    "DEFAULT_KIND",
    "DEFAULT_MODEL",
    "KINDS",
    "Checkpoint",
    "CheckpointError",
    "Layout",
    "NetworkKind",
    "OfficialLayout",
    "blend",
    "called",
    "check_range",
    "check_target",
    "default_model",
    "find_config",
    "is_model_folder",
    "kind_of",
    "make_network",
    "preset",
    "preset_name",
    "presets",
    "read",
    "real_world_of",
    "resolve",
    "save",
    "shipped",
    "shorten",
    "unseen",
]
