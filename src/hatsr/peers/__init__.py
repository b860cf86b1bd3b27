"""The networks that the paper compares HAT with, one file each. Knows no files."""

from hatsr.peers.edsr import EDSR, EDSR_PRESETS, EDSRConfig
from hatsr.peers.rcan import RCAN, RCAN_PRESETS, RCANConfig
from hatsr.peers.rrdb import RRDB_PRESETS, RRDBNet, RRDBNetConfig
from hatsr.peers.srresnet import SRRESNET_PRESETS, SRResNet, SRResNetConfig

__all__ = [
    "EDSR",
    "EDSR_PRESETS",
    "RCAN",
    "RCAN_PRESETS",
    "RRDB_PRESETS",
    "SRRESNET_PRESETS",
    "EDSRConfig",
    "RCANConfig",
    "RRDBNet",
    "RRDBNetConfig",
    "SRResNet",
    "SRResNetConfig",
]
