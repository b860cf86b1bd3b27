"""The networks that the paper compares with, in small, and what is known of each at full size."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from hatsr import peers
from hatsr.checkpoint.layouts.translating import RenamedLayout
from hatsr.checkpoint.peer_layouts.edsr_layout import EDSR_LAYOUT
from hatsr.checkpoint.peer_layouts.edt_layout import EDT_LAYOUT
from hatsr.checkpoint.peer_layouts.han_layout import HAN_LAYOUT
from hatsr.checkpoint.peer_layouts.ignn_layout import IGNN_LAYOUT
from hatsr.checkpoint.peer_layouts.ipt_layout import IPT_LAYOUT
from hatsr.checkpoint.peer_layouts.nlsn_layout import NLSN_LAYOUT
from hatsr.checkpoint.peer_layouts.rcan_layout import RCAN_LAYOUT
from hatsr.checkpoint.peer_layouts.rrdb_layout import RRDB_LAYOUT
from hatsr.checkpoint.peer_layouts.san_layout import SAN_LAYOUT
from hatsr.checkpoint.peer_layouts.srresnet_layout import SRRESNET_LAYOUT


@dataclass(frozen=True)
class Peer:
    """A row of the table that the tests of all peers share."""

    network: Callable[..., Any]
    presets: Mapping[str, Any]
    layout: RenamedLayout
    tiny: Any
    """A configuration smaller than any preset."""
    parameters: Mapping[tuple[str, int], int]
    """Learned values by preset and scale, as the authors' program counts them; the fixed layers of
    the mean colour, 24 values in most, not included."""


PEERS = {
    "srresnet": Peer(
        peers.SRResNet,
        peers.SRRESNET_PRESETS,
        SRRESNET_LAYOUT,
        peers.SRResNetConfig(width=6, blocks=2),
        {("srresnet", 2): 1_369_859, ("srresnet", 3): 1_554_499, ("srresnet", 4): 1_517_571},
    ),
    "edsr": Peer(
        peers.EDSR,
        peers.EDSR_PRESETS,
        EDSR_LAYOUT,
        peers.EDSRConfig(width=6, blocks=2, residual_scale=1.0),
        {
            ("edsr", 2): 40_729_603,
            ("edsr", 3): 43_680_003,
            ("edsr", 4): 43_089_923,
            ("edsr-baseline", 4): 1_517_571,
        },
    ),
    "rcan": Peer(
        peers.RCAN,
        peers.RCAN_PRESETS,
        RCAN_LAYOUT,
        peers.RCANConfig(width=8, groups=2, blocks=2, squeeze_factor=4),
        {
            ("rcan", 2): 15_444_643,
            ("rcan", 3): 15_629_283,
            ("rcan", 4): 15_592_355,
            ("rcan-it", 4): 15_592_355,
        },
    ),
    "rrdb": Peer(
        peers.RRDBNet,
        peers.RRDB_PRESETS,
        RRDB_LAYOUT,
        peers.RRDBNetConfig(width=6, blocks=2, growth=4),
        {("rrdbnet", 2): 16_703_171, ("rrdbnet", 3): 16_661_059, ("rrdbnet", 4): 16_697_987},
    ),
    "san": Peer(
        peers.SAN,
        peers.SAN_PRESETS,
        SAN_LAYOUT,
        peers.SANConfig(width=8, groups=2, blocks=2, squeeze_factor=4),
        {("san", 2): 15_712_776, ("san", 3): 15_897_416, ("san", 4): 15_860_488},
    ),
    "han": Peer(
        peers.HAN,
        peers.HAN_PRESETS,
        HAN_LAYOUT,
        peers.HANConfig(width=8, groups=2, blocks=2, squeeze_factor=4),
        {("han", 2): 15_924_033, ("han", 3): 16_108_673, ("han", 4): 16_071_745},
    ),
    "nlsn": Peer(
        peers.NLSN,
        peers.NLSN_PRESETS,
        NLSN_LAYOUT,
        peers.NLSNConfig(width=8, blocks=4, attention_every=2, chunk=9, hashes=2),
        {("nlsn", 2): 41_796_163, ("nlsn", 3): 44_746_563, ("nlsn", 4): 44_156_483},
    ),
    "ignn": Peer(
        peers.IGNN,
        peers.IGNN_PRESETS,
        IGNN_LAYOUT,
        peers.IGNNConfig(width=6, blocks=3, window=3, residual_scale=1.0),
        {("ignn", 2): 47_152_197, ("ignn", 3): 50_102_597, ("ignn", 4): 49_512_517},
    ),
    "ipt": Peer(
        peers.IPT,
        peers.IPT_PRESETS,
        IPT_LAYOUT,
        peers.IPTConfig(width=4, token=2, crop=8, heads=2, layers=2, tasks=(2, 3, 4, 1), queries=4),
        {("ipt", 2): 118_892_370, ("ipt", 3): 118_892_370, ("ipt", 4): 118_892_370},
    ),
    "edt": Peer(
        peers.EDT,
        peers.EDT_PRESETS,
        EDT_LAYOUT,
        peers.EDTConfig(
            embed_dim=12,
            depths=(2, 2),
            heads=2,
            window_short=2,
            window_long=4,
            num_feat=3,
            drop_path=0.0,
        ),
        {("edt-b", 2): 11_479_355, ("edt-b", 3): 11_663_995, ("edt-b", 4): 11_627_067},
    ),
}


def tiny_peer(name: str, **changes: object) -> Any:
    """A tiny network whose every part matters: nothing is left at the zero of its start."""
    torch.manual_seed(0)
    network = PEERS[name].network(replace(PEERS[name].tiny, **changes)).eval()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.1)
    return network


def official(network: Any) -> dict[str, Tensor]:
    """The network's tensors under the names of its authors."""
    return next(p for p in PEERS.values() if p.network is type(network)).layout.to_official(network)


def on_meta(peer: Peer, preset: str, scale: int) -> nn.Module:
    """A network of full size without memory."""
    with torch.device("meta"):
        return peer.network(replace(peer.presets[preset], scale=scale))
