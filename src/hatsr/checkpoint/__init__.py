"""Weights on disk: safe load and save, official names and ours, shipped weights by name.

PyTorch is imported only when a network or its tensors are asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from hatsr.checkpoint.shipped_files import (
    DEFAULT_MODEL,
    NETWORK_NAMES,
    ShippedWeights,
    clean_and_real,
    default_model,
    real_world_model,
    shipped,
    shipped_weights,
)

if TYPE_CHECKING:
    from hatsr.checkpoint.blending import blend
    from hatsr.checkpoint.encoding import check_range
    from hatsr.checkpoint.locating import called, find_config, is_model_folder, resolve
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
    "NETWORK_NAMES",
    "Checkpoint",
    "CheckpointError",
    "Layout",
    "NetworkKind",
    "OfficialLayout",
    "ShippedWeights",
    "blend",
    "called",
    "check_range",
    "check_target",
    "clean_and_real",
    "default_model",
    "find_config",
    "is_model_folder",
    "kind_of",
    "make_network",
    "preset",
    "preset_name",
    "presets",
    "read",
    "real_world_model",
    "resolve",
    "save",
    "shipped",
    "shipped_weights",
    "shorten",
    "unseen",
]
_LAZY_IMPORTS = {
    "blending": ("blend",),
    "encoding": ("check_range",),
    "locating": ("called", "find_config", "is_model_folder", "resolve"),
    "names": ("shorten",),
    "network_kinds": (
        *("DEFAULT_KIND", "KINDS", "NetworkKind", "OfficialLayout", "kind_of", "make_network"),
        *("preset", "preset_name", "presets", "unseen"),
    ),
    "weight_files": ("Checkpoint", "CheckpointError", "Layout", "check_target", "read", "save"),
}
"""Modules, and the names that they are imported for when one is first asked for."""


def __getattr__(name: str) -> object:
    """Import what needs PyTorch when it is first asked for."""
    for module, names in _LAZY_IMPORTS.items():
        if name in names:
            return getattr(import_module(f"hatsr.checkpoint.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
