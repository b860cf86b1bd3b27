"""Weights on disk: safe load and save, official names and ours, shipped weights by name."""

from hatsr.checkpoint.blending import blend
from hatsr.checkpoint.encoding import check_range
from hatsr.checkpoint.files import Checkpoint, CheckpointError, Layout, check_target, read, save
from hatsr.checkpoint.layouts.hat import unseen
from hatsr.checkpoint.locating import (
    DEFAULT_MODEL,
    default_model,
    is_model_folder,
    real_world_of,
    resolve,
    shipped,
)
from hatsr.checkpoint.names import shorten

__all__ = [
    "DEFAULT_MODEL",
    "Checkpoint",
    "CheckpointError",
    "Layout",
    "blend",
    "check_range",
    "check_target",
    "default_model",
    "is_model_folder",
    "read",
    "real_world_of",
    "resolve",
    "save",
    "shipped",
    "shorten",
    "unseen",
]
