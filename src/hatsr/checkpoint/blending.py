"""Two networks of one shape made one: every weight between theirs."""

from dataclasses import asdict
from typing import Any

import torch

from hatsr.checkpoint.names import shorten
from hatsr.checkpoint.weight_files import Checkpoint

_OF_TRAINING = ("drop_path",)
"""Fields of a configuration that do not change what a trained network does."""


def blend(
    first: Checkpoint,
    second: Checkpoint,
    alpha: float,
    names: tuple[str, str] = ("the first", "the second"),
) -> Checkpoint:
    """The network with weights (1 - alpha) first + alpha second.

    Of two networks where one was fine-tuned from the other, or both from a third, the blend does
    what lies between them (network interpolation; Wang et al., Deep Network Interpolation, CVPR
    2019). Of two that were trained apart it is worth nothing.

    Args:
        first: what alpha 0 gives, exactly.
        second: what alpha 1 gives, exactly.
        alpha: 0 to 1.
        names: of both, for messages and for the entry ``blend`` of the metadata; what else both
            files say alike is kept.

    Raises:
        ValueError: alpha is out of range, or the networks are not of one shape.
    """
    if not 0 <= alpha <= 1:
        raise ValueError(f"alpha must be from 0 to 1, got {alpha:g}")
    _check_same_shape(first, second, names)
    text = {key: t for key, t in first.metadata.items() if second.metadata.get(key) == t}
    return Checkpoint(
        config=first.config,
        tensors={
            name: torch.lerp(tensor, second.tensors[name], alpha)
            for name, tensor in first.tensors.items()
        },
        layout=first.layout,
        metadata=text | {"blend": f"{1 - alpha:g} {names[0]} + {alpha:g} {names[1]}"},
        assumed=tuple(field for field in first.assumed if field in second.assumed),
    )


def _check_same_shape(first: Checkpoint, second: Checkpoint, names: tuple[str, str]) -> None:
    """Raise ValueError unless weights can be blended; the message names what differs."""
    found: tuple[dict[str, Any], dict[str, Any]] = (asdict(first.config), asdict(second.config))
    keys = [key for key in {**found[0], **found[1]} if key not in _OF_TRAINING]
    values = [(key, *(config.get(key) for config in found)) for key in keys]
    unlike = [f"{key} {one} and {other}" for key, one, other in values if one != other]
    if not unlike:
        shapes = [{k: tuple(v.shape) for k, v in c.tensors.items()} for c in (first, second)]
        unlike = [
            f"{name} {shapes[0].get(name)} and {shapes[1].get(name)}"
            for name in sorted({*shapes[0], *shapes[1]})
            if shapes[0].get(name) != shapes[1].get(name)
        ]
    if unlike:
        raise ValueError(
            f"blended networks must have one shape, got {shorten(unlike)} in {names[0]} and "
            f"{names[1]}; blend a network with one that was fine-tuned from it"
        )
