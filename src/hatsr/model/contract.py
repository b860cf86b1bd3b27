"""What every network of this package fulfils."""

from typing import Protocol, runtime_checkable

from jaxtyping import Float
from torch import Tensor


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
