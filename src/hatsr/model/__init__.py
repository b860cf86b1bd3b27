"""The network family of the paper: configuration, windows, blocks, network. Knows no files."""

from hatsr.model.abilities import (
    WithActivationCheckpointing,
    WithFeatures,
    WithInterpolation,
    WithSharedBody,
    WithTables,
)
from hatsr.model.config import PRESETS, HATConfig, preset
from hatsr.model.contract import Network, NetworkConfig, as_network
from hatsr.model.fields import changed
from hatsr.model.network import HAT

__all__ = [
    "HAT",
    "PRESETS",
    "HATConfig",
    "Network",
    "NetworkConfig",
    "WithActivationCheckpointing",
    "WithFeatures",
    "WithInterpolation",
    "WithSharedBody",
    "WithTables",
    "as_network",
    "changed",
    "preset",
]
