"""Names of tensors: whether a file has those that a network needs."""

from collections.abc import Mapping

import torch
from torch import Tensor

from hatsr.model import HAT, HATConfig


def meta_state_dict(config: HATConfig, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors, without memory, that a network needs; refuses one that the file cannot hold.

    Raises:
        ValueError: the network has more blocks than the file has tensors.
    """
    if sum(config.depths) > len(tensors):
        raise ValueError(
            f"the file must hold every block of the network, got {len(tensors)} tensors for "
            f"{sum(config.depths)} blocks"
        )
    with torch.device("meta"):
        return HAT(config).state_dict()


def check_names(wanted: Mapping[str, object], got: Mapping[str, object]) -> None:
    """Raise ValueError unless both have the same names."""
    missing = [f"no {name}" for name in wanted if name not in got]
    extra = [f"unexpected {name}" for name in got if name not in wanted]
    if missing or extra:
        raise ValueError(
            f"the file must hold one whole HAT or SwinIR network, got {shorten(missing + extra)}"
        )


def shorten(items: list[str], most: int = 4) -> str:
    """The first few of a list, and how many more there are."""
    more = f" and {len(items) - most} more" if len(items) > most else ""
    return "; ".join(items[:most]) + more
