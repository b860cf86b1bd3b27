"""Weights on disk: safe load and save, official names and ours, shipped weights by name."""

from hatsr.checkpoint.encoding import check_range
from hatsr.checkpoint.layouts.hat_layout import unseen
from hatsr.checkpoint.locating import (
    DEFAULT_MODEL,
    default_model,
    is_model_folder,
    resolve,
    shipped,
)
from hatsr.checkpoint.names import shorten
from hatsr.checkpoint.weight_files import (
    Checkpoint,
    CheckpointError,
    Layout,
    check_target,
    read,
    save,
)

__all__ = [
    "DEFAULT_MODEL",
    "Checkpoint",
    "CheckpointError",
    "Layout",
    "check_range",
    "check_target",
    "default_model",
    "is_model_folder",
    "read",
    "resolve",
    "save",
    "shipped",
    "shorten",
    "unseen",
]
