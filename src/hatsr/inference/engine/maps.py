"""Feature maps on their way through a network, and the pieces that they are cut into.

A feature map has one row of zeros above and below, so that a convolution can run on any strip.
Bands are rows of windows, for attention; which pixels each one reads is computed once a picture.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import torch
from jaxtyping import Float
from torch import Tensor

from hatsr.inference.runner import Box
from hatsr.model.attention import window_rows
from hatsr.native import WindowRows

Bordered = Float[Tensor, "bordered_h w c"]
"""A feature map of h rows between two rows of zeros."""
Strip = tuple[slice, slice]
"""Rows of a map, and the rows of the bordered map that a 3 x 3 convolution reads for them."""
Pixels = Float[Tensor, "p c"]
"""Features as a list of pixels, row by row."""


def even_cuts(total: int, target: int | float) -> list[slice]:
    """Parts of `total` of about the size `target`, no two of which differ by more than 1."""
    count = min(total, max(1, round(total / target)))
    return [slice(i * total // count, (i + 1) * total // count) for i in range(count)]


@dataclass(frozen=True, slots=True)
class Band:
    """Some rows of windows, which go through attention together."""

    rows: tuple[slice, ...]
    """Pixels of these windows; two slices where the shift wraps around the edge."""
    windows: WindowRows
    """Queries are numbered from the first of these pixels on."""

    @property
    def merged_rows(self) -> tuple[slice, ...]:
        """The same pixels, one slice where it is the whole picture."""
        first, *rest = reversed(self.rows)
        if rest and first.stop == rest[0].start:
            return (slice(first.start, rest[0].stop),)
        return self.rows


@dataclass(frozen=True, slots=True)
class OverlappingBand:
    """Some rows of OCA's windows, whose keys reach beyond them."""

    rows: slice
    """Pixels of the queries."""
    around: slice
    """Pixels of the keys, whole rows of the picture."""
    windows: WindowRows
    """Queries are numbered from the first of `rows` on, keys from the first of `around`."""


@dataclass(frozen=True)
class WindowGrid:
    """The windows of a picture, in bands; pixels are numbered row by row."""

    height: int
    """LR pixels, a multiple of the window."""
    width: int
    """LR pixels, a multiple of the window."""
    window: int
    """Side of a window, LR pixels."""
    overlap: int
    """LR pixels by which OCAB's windows of keys are wider."""
    pixels: int
    """LR pixels of a band, about; at least a row of windows."""
    device: torch.device
    """Device that holds the tables of pixel numbers."""

    def bands(self, shift: int) -> list[Band]:
        """Bands of (S)W-MSA, shifted by nothing or by half a window; keys are the queries."""
        return self._shifted if shift else self._plain

    @cached_property
    def _plain(self) -> list[Band]:
        return self._cut(0)

    @cached_property
    def _shifted(self) -> list[Band]:
        return self._cut(self.window // 2)

    @cached_property
    def overlapping_bands(self) -> list[OverlappingBand]:
        """Bands of OCA."""
        whole, bands = self._windows(self.overlap, 0), []
        margin = -(-self.overlap // 2)
        for first, last, chosen in self._cuts():
            start, stop = (row * self.window for row in (first, last))
            top, bottom = max(0, start - margin), min(self.height, stop + margin)
            keys = whole.key_rows[chosen]
            keys = torch.where(keys < 0, keys, keys - top * self.width)
            windows = WindowRows(
                (whole.query_rows[chosen] - start * self.width).to(self.device),
                keys.to(self.device),
                shared=whole.shared,
            )
            rows = slice(start * self.width, stop * self.width)
            around = slice(top * self.width, bottom * self.width)
            bands.append(OverlappingBand(rows, around, windows))
        return bands

    def _cut(self, shift: int) -> list[Band]:
        whole, pixels, bands = self._windows(0, shift), self.height * self.width, []
        for first, last, chosen in self._cuts():
            start, end = ((row * self.window + shift) * self.width for row in (first, last))
            around = slice(start, min(end, pixels)), slice(0, max(0, end - pixels))
            parts = tuple(part for part in around if part.stop > part.start)
            queries = ((whole.query_rows[chosen] - start) % pixels).to(self.device)
            kinds = None if whole.kinds is None else whole.kinds[chosen]
            windows = WindowRows(queries, queries, whole.regions, kinds, whole.shared)
            bands.append(Band(parts, windows))
        return bands

    def _windows(self, overlap: int, shift: int) -> WindowRows:
        """All windows of the picture."""
        return window_rows(self.height, self.width, self.window, overlap, shift)

    def _cuts(self) -> Iterator[tuple[int, int, slice]]:
        """Of each band, its first row of windows and that after its last, and its windows."""
        rows, cols = self.height // self.window, self.width // self.window
        for cut in even_cuts(rows, self.pixels / (self.window * self.width)):
            yield cut.start, cut.stop, slice(cut.start * cols, cut.stop * cols)


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
