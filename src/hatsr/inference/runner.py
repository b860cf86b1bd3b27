"""What drives a network on pictures of any size: `Runner`, the contract of an `Upscaler`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from jaxtyping import Float
from torch import Tensor

Progress = Callable[[float], None]
"""Is told the fraction done, from 0 to 1."""


def ignore_progress(fraction: float) -> None:
    """A `Progress` that does nothing."""


@dataclass(frozen=True, slots=True)
class Box:
    """Part of a picture: rows and columns in LR pixels."""

    rows: slice
    cols: slice

    @property
    def area(self) -> int:
        """Pixels inside."""
        return (self.rows.stop - self.rows.start) * (self.cols.stop - self.cols.start)


Patch = tuple[Float[Tensor, "1 rgb _ _"], Box]
"""A part of a picture with its margin, and the box inside of it without the margin."""


@runtime_checkable
class Runner(Protocol):
    """A network on a device in one precision, ready to run."""

    def bytes_needed(self, height: int, width: int) -> int:
        """Memory that a picture takes while it is in the network, its SR included; LR pixels."""
        ...

    def pictures_at_once(self, height: int, width: int, limit: int) -> int:
        """Pictures or tiles of a size to run together, so that `limit` bytes hold them."""
        ...

    def measure(
        self, patches: Sequence[Patch], progress: Progress = ignore_progress
    ) -> list[Tensor] | None:
        """Means of channel attention, estimated on patches, for all tiles; None: none are used."""
        ...

    def run(
        self,
        lr: Float[Tensor, "b rgb h w"],
        *,
        means: list[Tensor] | None = None,
        progress: Progress = ignore_progress,
    ) -> Float[Tensor, "b rgb sr_h sr_w"]:
        """LR in [0, 1] to raw SR, on the runner's device and in its precision.

        Args:
            lr: sides are multiples of what the network needs; not more than `pictures_at_once`.
            means: what `measure` found; None: the pictures are whole.
            progress: is told the fraction done.
        """
        ...
