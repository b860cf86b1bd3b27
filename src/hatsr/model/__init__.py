"""The network family of the paper: configuration, windows, blocks, network. Knows no files."""

from hatsr.model.config import PRESETS, HATConfig, preset
from hatsr.model.contract import Network, NetworkConfig, WithTables, as_network
from hatsr.model.fields import changed
from hatsr.model.network import HAT

__all__ = [
    "HAT",
    "PRESETS",
    "HATConfig",
    "Network",
    "NetworkConfig",
    "WithTables",
    "as_network",
    "changed",
    "preset",
]
