"""State dicts between our names and those of another program, by tables of renames."""

import re
from collections.abc import Callable, Mapping

from torch import Tensor

from hatsr.checkpoint.names import check_names, shorten

Renames = tuple[tuple[str, str], ...]
"""Pairs of a pattern in our names and what stands for it in theirs."""
_GATE = re.compile(r"\.(squeeze|excite)\.weight$")
"""Linear layers of channel attention; other programs have 1 x 1 convolutions."""


def renamed(name: str, renames: Renames) -> str:
    """A name after all renames, in their order."""
    for ours, theirs in renames:
        name = re.sub(ours, theirs, name)
    return name


def to_theirs(
    tensors: Mapping[str, Tensor], official_name: Callable[[str], str]
) -> dict[str, Tensor]:
    """A state dict of ours under the names that `official_name` gives."""
    return {
        official_name(name): tensor[:, :, None, None] if _GATE.search(name) else tensor
        for name, tensor in tensors.items()
    }


def to_ours(
    wanted: Mapping[str, Tensor],
    tensors: Mapping[str, Tensor],
    official_name: Callable[[str], str],
) -> dict[str, Tensor]:
    """The inverse of `to_theirs`.

    Args:
        wanted: a state dict of the network, of which names and shapes count.
        tensors: theirs.
        official_name: as in `to_theirs`.

    Raises:
        ValueError: tensors are missing, left over or of the wrong shape; the message names them.
    """
    names = {official_name(ours): ours for ours in wanted}
    check_names(names, tensors)
    out = {
        ours: tensors[theirs][:, :, 0, 0]
        if _GATE.search(ours) and tensors[theirs].ndim == 4
        else tensors[theirs]
        for theirs, ours in names.items()
    }
    wrong = [
        f"{theirs} {tuple(out[ours].shape)} for {tuple(wanted[ours].shape)}"
        for theirs, ours in names.items()
        if out[ours].shape != wanted[ours].shape
    ]
    if wrong:
        raise ValueError(f"tensors of one network must fit together, got {shorten(wrong)}")
    return out
