"""The networks that the paper compares HAT with, one file each. Knows no files."""

from hatsr.peers.edsr import EDSR, EDSR_PRESETS, EDSRConfig
from hatsr.peers.edt import EDT, EDT_PRESETS, EDTConfig
from hatsr.peers.han import HAN, HAN_PRESETS, HANConfig
from hatsr.peers.ignn import IGNN, IGNN_PRESETS, IGNNConfig
from hatsr.peers.ipt import IPT, IPT_PRESETS, IPTConfig
from hatsr.peers.nlsn import NLSN, NLSN_PRESETS, NLSNConfig
from hatsr.peers.rcan import RCAN, RCAN_PRESETS, RCANConfig
from hatsr.peers.rrdb import RRDB_PRESETS, RRDBNet, RRDBNetConfig
from hatsr.peers.san import SAN, SAN_PRESETS, SANConfig
from hatsr.peers.srresnet import SRRESNET_PRESETS, SRResNet, SRResNetConfig

__all__ = [
    "EDSR",
    "EDSR_PRESETS",
    "EDT",
    "EDT_PRESETS",
    "HAN",
    "HAN_PRESETS",
    "IGNN",
    "IGNN_PRESETS",
    "IPT",
    "IPT_PRESETS",
    "NLSN",
    "NLSN_PRESETS",
    "RCAN",
    "RCAN_PRESETS",
    "RRDB_PRESETS",
    "SAN",
    "SAN_PRESETS",
    "SRRESNET_PRESETS",
    "EDSRConfig",
    "EDTConfig",
    "HANConfig",
    "IGNNConfig",
    "IPTConfig",
    "NLSNConfig",
    "RCANConfig",
    "RRDBNet",
    "RRDBNetConfig",
    "SANConfig",
    "SRResNet",
    "SRResNetConfig",
]
