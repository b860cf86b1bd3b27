"""What every network of this package fulfils, and its configuration."""

from dataclasses import Field
from typing import Any, ClassVar, Protocol, cast, runtime_checkable

from jaxtyping import Float
from torch import Tensor, nn


@runtime_checkable
class Network(Protocol):
    """A network for super-resolution.

    What runs, measures or trains networks knows these four; how a network does it is its own.
    """

    @property
    def scale(self) -> int:
        """Enlargement factor of both sides."""
        ...

    @property
    def channels(self) -> int:
        """Colour channels of LR and SR: 3, or 1 for gray."""
        ...

    @property
    def multiple(self) -> int:
        """Sides of LR are multiples of this, LR pixels, or are padded to be; 1: any will do."""
        ...

    def forward(self, lr: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c sr_h sr_w"]:
        """LR in [0, 1] to SR, nominally in [0, 1] and not clamped."""
        ...


@runtime_checkable
class NetworkConfig(Protocol):
    """Every hyper-parameter of a network: a frozen dataclass whose fields all have defaults."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    @property
    def scale(self) -> int:
        """Enlargement factor of both sides."""
        ...

    @property
    def channels(self) -> int:
        """Colour channels of LR and SR: 3, or 1 for gray."""
        ...

    @property
    def depth(self) -> int:
        """Blocks in all, each with a weight of its own: no file of the network has fewer."""
        ...


def as_network(module: nn.Module) -> Network:
    """A module as what it must be.

    Raises:
        ValueError: an attribute of `Network` is missing.
    """
    names = ("scale", "channels", "multiple", "forward")
    missing = [name for name in names if not hasattr(module, name)]
    if missing:
        kind = type(module).__name__
        raise ValueError(f"a network must have {', '.join(names)}, got {kind} without {missing}")
    return cast(Network, module)
