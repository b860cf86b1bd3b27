"""Weights on disk: safe load and save, official names and ours, shipped weights by name."""

from hatsr.checkpoint.files import Checkpoint, CheckpointError, read, save
from hatsr.checkpoint.locating import DEFAULT_MODEL, default_model, resolve, shipped
from hatsr.checkpoint.names import shorten

__all__ = [
    "DEFAULT_MODEL",
    "Checkpoint",
    "CheckpointError",
    "default_model",
    "read",
    "resolve",
    "save",
    "shipped",
    "shorten",
]
