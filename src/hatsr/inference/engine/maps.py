"""Feature maps of pictures on their way through a network, and the strips they are cut into.

A feature map has one row of zeros above and below, so that a convolution can run on any strip.
"""

from collections.abc import Iterator

from jaxtyping import Float
from torch import Tensor

from hatsr.inference.engine.bands import WindowGrid, even_cuts
from hatsr.inference.runner import Box

Bordered = Float[Tensor, "bordered_h w c"]
"""A feature map of h rows between two rows of zeros."""
Strip = tuple[slice, slice]
"""Rows of a map, and the rows of the bordered map that a 3 x 3 convolution reads for them."""
Pixels = Float[Tensor, "p c"]
"""Features as a list of pixels, row by row."""


class FeatureMap:
    """The features of one picture or tile between two layers."""

    def __init__(
        self, lr: Float[Tensor, "1 rgb h w"], core: Box, grid: WindowGrid, pixels: int
    ) -> None:
        self.lr, self.core, self.grid, self._strip = lr, core, grid, pixels
        self.around: Bordered = lr.new_empty(2, 0, 0)

    @property
    def x(self) -> Float[Tensor, "h w c"]:
        """The features (a view)."""
        return self.around[1:-1]

    @property
    def pixels(self) -> Pixels:
        """The features as a list of pixels (a view)."""
        return self.x.view(-1, self.around.shape[-1])

    @property
    def strips(self) -> list[Strip]:
        """The strips that it is cut into."""
        height, width, _ = self.x.shape
        return list(strips(height, width, self._strip))

    def pixels_of(self, rows: slice) -> slice:
        """Rows as numbers of pixels."""
        width = self.around.shape[1]
        return slice(rows.start * width, rows.stop * width)

    def rows_of(self, pixels: slice) -> Strip:
        """Whole rows, given as numbers of pixels."""
        width = self.around.shape[1]
        rows = slice(pixels.start // width, pixels.stop // width)
        return rows, slice(rows.start, rows.stop + 2)


def bordered(height: int, width: int, channels: int, like: Tensor) -> Bordered:
    """An empty feature map between two rows of zeros."""
    out = like.new_empty(height + 2, width, channels)
    out[0], out[-1] = 0, 0
    return out


def strips(height: int, width: int, pixels: int) -> Iterator[Strip]:
    """Cut a map into strips of about `pixels`."""
    for rows in even_cuts(height, pixels / width):
        yield rows, slice(rows.start, rows.stop + 2)
