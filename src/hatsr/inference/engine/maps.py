"""Feature maps of pictures on their way through a network, and the strips they are cut into.

A feature map has one row of zeros above and below, so that a convolution can run on any strip.
"""

from collections.abc import Iterator

from jaxtyping import Float
from torch import Tensor

from hatsr.inference.engine.bands import WindowGrid, even_share
from hatsr.inference.runner import Box

Bordered = Float[Tensor, "bordered_h w c"]
"""A feature map of h rows between two rows of zeros."""
Pixels = Float[Tensor, "p c"]
"""Features as a list of pixels, row by row."""


class FeatureMap:
    """The features of one picture or tile between two layers."""

    def __init__(self, lr: Float[Tensor, "1 rgb h w"], core: Box, grid: WindowGrid) -> None:
        self.lr, self.core, self.grid = lr, core, grid
        self.around: Bordered = lr.new_empty(2, 0, 0)

    @property
    def x(self) -> Float[Tensor, "h w c"]:
        """The features (a view)."""
        return self.around[1:-1]

    @property
    def pixels(self) -> Pixels:
        """The features as a list of pixels (a view)."""
        return self.x.view(-1, self.around.shape[-1])


def bordered(height: int, width: int, channels: int, like: Tensor) -> Bordered:
    """An empty feature map between two rows of zeros."""
    out = like.new_empty(height + 2, width, channels)
    out[0], out[-1] = 0, 0
    return out


def strips(height: int, width: int, pixels: int) -> Iterator[tuple[slice, slice]]:
    """Cut a map into strips of about `pixels`: rows of the map, and the bordered rows they need."""
    rows = even_share(height, max(1, pixels // width))
    for top in range(0, height, rows):
        bottom = min(height, top + rows)
        yield slice(top, bottom), slice(top, bottom + 2)
