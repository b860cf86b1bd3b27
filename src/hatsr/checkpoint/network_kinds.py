"""Every kind of network: its configuration, class, presets and the names in its official files."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from hatsr import peers
from hatsr.checkpoint.layouts import hat_layout as hat
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
from hatsr.model import HAT, PRESETS, HATConfig, NetworkConfig

Tensors = Mapping[str, Tensor]


@runtime_checkable
class OfficialLayout(Protocol):
    """Tensor names of the program that a network was published with; a module will do."""

    def is_official(self, tensors: Tensors, /) -> bool:
        """Whether the names are those of official files of this kind, and of no other."""
        ...

    def deduce_config(self, tensors: Tensors, /) -> Any:
        """The configuration of the network that official tensors belong to."""
        ...

    def unseen(self, config: Any, /) -> tuple[str, ...]:
        """The fields of a configuration that no tensor shows, so that they are assumed."""
        ...

    def from_official(self, config: Any, wanted: Tensors, tensors: Tensors, /) -> dict[str, Tensor]:
        """Official tensors under our names, with the names and shapes of `wanted`.

        Raises:
            ValueError: tensors are missing, left over or of the wrong shape.
        """
        ...

    def to_official(self, network: Any, /) -> dict[str, Tensor]:
        """The inverse: all weights of a network under official names."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class NetworkKind:
    """A row of `KINDS`: all that this package knows of a kind of network."""

    config: type[Any]
    """Dataclass of its hyper-parameters, a `NetworkConfig`; no other kind has it."""
    network: Callable[[Any], nn.Module]
    """Its class: makes a `Network` of a configuration, and keeps that as `config`."""
    presets: Mapping[str, NetworkConfig]
    """Published networks by name, at one scale each."""
    layout: OfficialLayout | None = None
    """Official names of its tensors; None: only ours are known."""


DEFAULT_KIND = "hat"
"""The kind of files and recipes that name none."""

KINDS: dict[str, NetworkKind] = {
    DEFAULT_KIND: NetworkKind(config=HATConfig, network=HAT, presets=PRESETS, layout=hat),
    "srresnet": NetworkKind(
        config=peers.SRResNetConfig,
        network=peers.SRResNet,
        presets=peers.SRRESNET_PRESETS,
        layout=SRRESNET_LAYOUT,
    ),
    "edsr": NetworkKind(
        config=peers.EDSRConfig, network=peers.EDSR, presets=peers.EDSR_PRESETS, layout=EDSR_LAYOUT
    ),
    "rcan": NetworkKind(
        config=peers.RCANConfig, network=peers.RCAN, presets=peers.RCAN_PRESETS, layout=RCAN_LAYOUT
    ),
    "rrdbnet": NetworkKind(
        config=peers.RRDBNetConfig,
        network=peers.RRDBNet,
        presets=peers.RRDB_PRESETS,
        layout=RRDB_LAYOUT,
    ),
    "san": NetworkKind(
        config=peers.SANConfig, network=peers.SAN, presets=peers.SAN_PRESETS, layout=SAN_LAYOUT
    ),
    "han": NetworkKind(
        config=peers.HANConfig, network=peers.HAN, presets=peers.HAN_PRESETS, layout=HAN_LAYOUT
    ),
    "nlsn": NetworkKind(
        config=peers.NLSNConfig, network=peers.NLSN, presets=peers.NLSN_PRESETS, layout=NLSN_LAYOUT
    ),
    "edt": NetworkKind(
        config=peers.EDTConfig, network=peers.EDT, presets=peers.EDT_PRESETS, layout=EDT_LAYOUT
    ),
    "ignn": NetworkKind(
        config=peers.IGNNConfig, network=peers.IGNN, presets=peers.IGNN_PRESETS, layout=IGNN_LAYOUT
    ),
    "ipt": NetworkKind(
        config=peers.IPTConfig, network=peers.IPT, presets=peers.IPT_PRESETS, layout=IPT_LAYOUT
    ),
}
"""Kinds of networks by name."""


def kind_of(config: object) -> str:
    """The name of the kind that a configuration belongs to.

    Raises:
        ValueError: it is no configuration of one.
    """
    for name, row in KINDS.items():
        if type(config) is row.config:
            return name
    raise ValueError(
        f"a network's config must be of a known kind ({', '.join(KINDS)}), got "
        f"{type(config).__name__}; add a row to KINDS in hatsr/checkpoint/network_kinds.py"
    )


def find_kind(name: str) -> NetworkKind:
    """The row of a kind.

    Raises:
        ValueError: there is no such kind.
    """
    if name not in KINDS:
        raise ValueError(
            f"the kind of a network must be one of {', '.join(KINDS)}, got {name!r}; update hat-sr"
        )
    return KINDS[name]


def make_network(config: NetworkConfig) -> Any:
    """The network of a configuration, with fresh weights; an `nn.Module` and a `Network`.

    Raises:
        ValueError: the configuration is of no known kind.
    """
    return KINDS[kind_of(config)].network(config)


def meta_state_dict(config: NetworkConfig, tensors: Tensors) -> dict[str, Tensor]:
    """The tensors, without memory, that a network needs; refuses one that the file cannot hold.

    Raises:
        ValueError: the network has more blocks than the file has tensors.
    """
    if config.depth > len(tensors):
        raise ValueError(
            f"the file must hold every block of the network, got {len(tensors)} tensors for "
            f"{config.depth} blocks"
        )
    with torch.device("meta"):
        return make_network(config).state_dict()


def official_layout(tensors: Tensors) -> OfficialLayout | None:
    """The layout of the official files that have such tensors, if any."""
    layouts = (row.layout for row in KINDS.values() if row.layout)
    return next((layout for layout in layouts if layout.is_official(tensors)), None)


def to_official(network: nn.Module, kind: str) -> dict[str, Tensor]:
    """All weights of a network of a kind under official names.

    Raises:
        ValueError: there are none, or they cannot hold this network.
    """
    layout = KINDS[kind].layout
    if layout is None:
        raise ValueError(
            f"the official layout must be known for the kind of the network, got {kind}; save in "
            "the hatsr layout instead"
        )
    return layout.to_official(network)


def unseen(config: NetworkConfig) -> tuple[str, ...]:
    """The fields of a configuration that no tensor of an official file shows."""
    layout = KINDS[kind_of(config)].layout
    return layout.unseen(config) if layout else ()


def presets() -> dict[str, NetworkConfig]:
    """The networks of all kinds by name, at the scale of their kind's defaults."""
    return {name: config for row in KINDS.values() for name, config in row.presets.items()}


def preset(name: str, *, scale: int = 4) -> Any:
    """The configuration of a named network, of whatever kind.

    Args:
        name: a key of `presets`.
        scale: enlargement factor.

    Returns:
        The frozen configuration of its kind, a `NetworkConfig`.

    Raises:
        ValueError: the name is unknown, or the network has no such scale.
    """
    known = presets()
    if name not in known:
        raise ValueError(f"preset must be one of {', '.join(known)}, got {name!r}")
    return replace(known[name], scale=scale)


def preset_name(config: NetworkConfig) -> str | None:
    """The preset that a configuration is at its scale, if any."""
    for name, known in KINDS[kind_of(config)].presets.items():
        if replace(known, scale=config.scale) == config:
            return name
    return None
