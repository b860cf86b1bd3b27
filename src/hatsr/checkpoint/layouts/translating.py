"""State dicts between our names and those of another program, by tables of renames."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from hatsr.checkpoint.names import check_names, plain_names

Renames = tuple[tuple[str, str], ...]
"""Pairs of a pattern in our names and what stands for it in theirs."""
_GATE = re.compile(r"\.(squeeze|excite)\.weight$")
"""Linear layers of channel attention; other programs have 1 x 1 convolutions."""


def renamed(name: str, renames: Renames) -> str:
    """A name after all renames, in their order."""
    for ours, theirs in renames:
        name = re.sub(ours, theirs, name)
    return name


def no_tensors(_: object) -> dict[str, Tensor]:
    """No tensors: the tables of a layout whose official files hold weights alone."""
    return {}


def as_they_are(tensors: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
    """The same tensors: a layout whose authors' program has never changed its names."""
    return tensors


@dataclass(frozen=True, kw_only=True, slots=True)
class RenamedLayout:
    """An official layout whose tensors are ours under other names."""

    is_official: Callable[[Mapping[str, Tensor]], bool]
    """Whether the names are those of official files of this kind, and of no other."""
    deduce_config: Callable[[Mapping[str, Tensor]], Any]
    """The configuration of the network that official tensors belong to."""
    unseen: Callable[[Any], tuple[str, ...]]
    """The fields of a configuration that no tensor shows, so that they are assumed."""
    official_name: Callable[[str, Any], str]
    """The official name of one of our tensors, in a network of a configuration."""
    tables: Callable[[Any], dict[str, Tensor]] = no_tensors
    """Tensors that official files carry beside the weights, and every program can compute."""
    copies: Renames = ()
    """Patterns in official names whose tensors are stored a second time, and the second name."""
    current_names: Callable[[Mapping[str, Tensor]], Mapping[str, Tensor]] = as_they_are
    """Tensors of any official file under the names of the authors' last program."""

    def to_official(self, network: Any) -> dict[str, Tensor]:
        """All weights of a network under official names, and the tables beside them."""
        named = {
            self.official_name(name, network.config): tensor[:, :, None, None]
            if _GATE.search(name)
            else tensor
            for name, tensor in network.state_dict().items()
        }
        return named | self._copied(named) | self.tables(network.config)

    def from_official(
        self, config: Any, wanted: Mapping[str, Tensor], tensors: Mapping[str, Tensor]
    ) -> dict[str, Tensor]:
        """The inverse of `to_official`, the tables left out.

        Args:
            config: of the network.
            wanted: a state dict of the network, of which names and shapes count.
            tensors: official ones.

        Raises:
            ValueError: tensors are missing, left over or of the wrong shape.
        """
        names = _plain_pairs(wanted, lambda name: self.official_name(name, config))
        tensors = self.current_names(plain_names(tensors))
        second = self._copied({name: tensors[name] for name in names if name in tensors})
        beside = plain_names(self.tables(config)) | second
        tensors = {name: tensor for name, tensor in tensors.items() if name not in beside}
        check_names(names, tensors)
        return {ours: _fitting(theirs, tensors, wanted[ours]) for theirs, ours in names.items()}

    def _copied(self, named: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The tensors that are stored a second time, under their second names."""
        found = {renamed(name, self.copies): tensor for name, tensor in named.items()}
        return {name: tensor for name, tensor in found.items() if name not in named}


def _plain_pairs(
    wanted: Mapping[str, Tensor], official_name: Callable[[str], str]
) -> dict[str, str]:
    """Our names by the plain form of theirs."""
    named = {official_name(ours): ours for ours in wanted}
    plain = plain_names({theirs: wanted[ours] for theirs, ours in named.items()})
    return dict(zip(plain, named.values(), strict=True))


def _fitting(name: str, tensors: Mapping[str, Tensor], wanted: Tensor) -> Tensor:
    """A tensor of the shape that is wanted; a 1 x 1 convolution as the linear layer it is."""
    tensor = tensors[name]
    if tensor.ndim == 4 and wanted.ndim == 2 and tensor.shape[2:] == (1, 1):
        tensor = tensor[:, :, 0, 0]
    if tensor.shape != wanted.shape:
        raise ValueError(
            f"tensors of one network must fit together, got {name} {tuple(tensor.shape)} for "
            f"{tuple(wanted.shape)}; check that the file is of one network"
        )
    return tensor
