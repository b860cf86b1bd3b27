"""Which pixels each chunk of windows reads: computed once for a size of picture."""

from dataclasses import dataclass
from functools import cached_property

import torch
from jaxtyping import Float, Int
from torch import Tensor

from hatsr.model.windows import MASKED, overlapping_places, window_places, window_regions
from hatsr.native import WindowRows

Index = Int[Tensor, " tokens"]


def even_share(total: int, target: int) -> int:
    """A size near `target` that cuts `total` into almost equal parts."""
    return -(-total // max(1, round(total / target)))


@dataclass(frozen=True, slots=True)
class Band:
    """Some rows of windows."""

    rows: tuple[slice, ...]
    """Their pixels; two slices where a cyclic shift comes round."""
    places: WindowRows
    """Queries are numbered from the first of these pixels on."""


@dataclass(frozen=True)
class Layout:
    """Windows of a picture of ``height`` x ``width`` LR pixels, in chunks.

    Pixels are numbered row by row. An index holds whole windows, one after the other.
    """

    height: int
    """LR pixels, a multiple of the window."""
    width: int
    """LR pixels, a multiple of the window."""
    size: int
    """Side of a window."""
    overlap_size: int
    """Side of OCAB's key and value windows."""
    chunk: int
    """Windows handled at a time."""
    device: torch.device

    def _chunks(self, windows: Int[Tensor, "n ..."]) -> tuple[Int[Tensor, "m ..."], ...]:
        """Windows cut into chunks of even size."""
        return windows.split(even_share(len(windows), self.chunk))

    @property
    def _grid(self) -> tuple[int, int]:
        return self.height // self.size, self.width // self.size

    def _pixels(self, windows: Int[Tensor, "m 2"], shift: int) -> Index:
        offset = torch.arange(self.size) + shift
        y = (windows[:, :1] * self.size + offset) % self.height
        x = (windows[:, 1:] * self.size + offset) % self.width
        return (y[:, :, None] * self.width + x[:, None, :]).flatten().to(self.device)

    def bands(self, shift: int) -> list[Band]:
        """Bands of (S)W-MSA, keys numbered as queries."""
        return self.shifted_bands if shift else self.plain_bands

    @cached_property
    def plain_bands(self) -> list[Band]:
        """Bands of W-MSA."""
        return self._bands(window_places(self.height, self.width, self.size, 0), 0, True)

    @cached_property
    def shifted_bands(self) -> list[Band]:
        """Bands of SW-MSA."""
        shift = self.size // 2
        return self._bands(window_places(self.height, self.width, self.size, shift), shift, True)

    @cached_property
    def overlapping_bands(self) -> list[Band]:
        """Bands of OCA; keys are numbered from the picture's first pixel."""
        places = overlapping_places(self.height, self.width, self.size, self.overlap_size)
        return self._bands(places, 0, False)

    def _bands(self, places: WindowRows, shift: int, own_keys: bool) -> list[Band]:
        rows, cols = self._grid
        share = even_share(rows, max(1, self.chunk // cols))
        pixels, bands = self.height * self.width, []
        for first in range(0, rows, share):
            last = min(rows, first + share)
            start, end = ((row * self.size + shift) * self.width for row in (first, last))
            windows = slice(first * cols, last * cols)
            queries = (places.query_rows[windows] - start) % pixels
            keys = queries if own_keys else places.key_rows[windows]
            regions = None if places.regions is None else places.regions[windows]
            seams = None if places.seams is None else places.seams[windows]
            around = (slice(start, min(end, pixels)), slice(0, max(0, end - pixels)))
            parts = tuple(part for part in around if part.stop > part.start)
            bands.append(Band(parts, WindowRows(queries, keys, regions, seams, places.shared)))
        return bands

    @cached_property
    def plain(self) -> list[Index]:
        """Chunks of the windows of W-MSA and OCA's queries."""
        rows, cols = self._grid
        windows = torch.cartesian_prod(torch.arange(rows), torch.arange(cols))
        return [self._pixels(part, 0) for part in self._chunks(windows)]

    @cached_property
    def shifted(self) -> list[tuple[Index, list[int]]]:
        """Chunks of the windows of SW-MSA, and how many of each kind of `edge_masks` are in it.

        Only the last row and column of windows see a seam, so there are four kinds; windows
        are sorted by kind.
        """
        rows, cols = self._grid
        windows = torch.cartesian_prod(torch.arange(rows), torch.arange(cols))
        kind = 2 * (windows[:, 0] == rows - 1).long() + (windows[:, 1] == cols - 1).long()
        order = kind.argsort(stable=True)
        return [
            (self._pixels(windows[part], self.size // 2), kind[part].bincount().tolist())
            for part in self._chunks(order)
        ]

    @cached_property
    def overlapping(self) -> list[Index]:
        """Chunks of OCA's key windows; pixels outside have the number height * width."""
        margin = (self.overlap_size - self.size) // 2
        offset = torch.arange(self.overlap_size) - margin
        outside = self.height * self.width
        chunks = []
        rows, cols = self._grid
        windows = torch.cartesian_prod(torch.arange(rows), torch.arange(cols))
        for part in self._chunks(windows):
            y, x = part[:, :1] * self.size + offset, part[:, 1:] * self.size + offset
            index = y[:, :, None] * self.width + x[:, None, :]
            inside_y = (y >= 0) & (y < self.height)
            inside_x = (x >= 0) & (x < self.width)
            index[~(inside_y[:, :, None] & inside_x[:, None, :])] = outside
            chunks.append(index.flatten().to(self.device))
        return chunks


def edge_masks(size: int) -> Float[Tensor, "4 1 q q"]:
    """The four kinds of shift mask: inside, last column, last row, corner."""
    regions = window_regions(2 * size, 2 * size, size, size // 2)
    different = regions[:, :, None] != regions[:, None, :]
    return different[:, None].float() * MASKED
