"""LR as the world makes it: blur, resizing, noise, JPEG."""

from hatsr.data.degrade.conditions import CONDITIONS, check_condition, under_condition
from hatsr.data.degrade.differentiable import differentiable_jpeg
from hatsr.data.degrade.grid import grid
from hatsr.data.degrade.keys import Key, sample_key, text_key
from hatsr.data.degrade.parameters import Degradation
from hatsr.data.degrade.pipeline import degrade, degrade_patch
from hatsr.data.degrade.presets import PRESETS, preset
from hatsr.data.degrade.sharpen import sharpen

__all__ = [
    "CONDITIONS",
    "PRESETS",
    "Degradation",
    "Key",
    "check_condition",
    "degrade",
    "degrade_patch",
    "differentiable_jpeg",
    "grid",
    "preset",
    "sample_key",
    "sharpen",
    "text_key",
    "under_condition",
]
