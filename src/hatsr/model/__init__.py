"""The network family of the paper: configuration, windows, blocks, network. Knows no files."""

from hatsr.model.config import PRESETS, HATConfig, changed, preset
from hatsr.model.contract import Network
from hatsr.model.network import HAT

__all__ = ["HAT", "PRESETS", "HATConfig", "Network", "changed", "preset"]
