"""Cutting a picture into overlapping tiles and stitching the results. Knows no network."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

_FADE = 16
"""Neighbours fade into each other over an eighth of their overlap, far from both edges: there
both are closest to the whole picture."""


@dataclass(frozen=True, slots=True)
class Span:
    """One tile along one axis, in LR pixels."""

    start: int
    """First pixel of the tile."""
    stop: int
    """One past the last pixel of the tile."""
    fade_in: tuple[int, int]
    """Where its weight rises from 0 to 1; both are `start` at the picture's edge."""
    fade_out: tuple[int, int]
    """Where its weight falls from 1 to 0; both are `stop` at the picture's edge."""

    @property
    def core(self) -> slice:
        """The tile's own share of the picture: the cores of all tiles cover it once."""
        return slice(sum(self.fade_in) // 2, sum(self.fade_out) // 2)


@dataclass(frozen=True, slots=True)
class Tile:
    """A rectangle of a picture."""

    rows: Span
    cols: Span

    @property
    def pixels(self) -> int:
        """LR pixels that are computed for it."""
        return (self.rows.stop - self.rows.start) * (self.cols.stop - self.cols.start)


def spans(length: int, tile: int, overlap: int, multiple: int) -> list[Span]:
    """Even tiles along one axis, every start a multiple of the attention window.

    Windows of a tile then coincide with those of the whole picture.

    Args:
        length: of the axis, LR pixels, a multiple of `multiple`.
        tile: largest tile, LR pixels.
        overlap: least overlap of neighbours, LR pixels.
        multiple: the attention window.

    Raises:
        ValueError: tiles would not advance.
    """
    units, side, shared = length // multiple, tile // multiple, -(-overlap // multiple)
    if side >= units:
        return [Span(0, length, (0, 0), (length, length))]
    if side <= shared:
        raise ValueError(
            f"tile must be larger than the overlap by a window of {multiple}, got tile {tile} "
            f"with overlap {overlap}"
        )
    count = -(-(units - shared) // (side - shared))
    starts = [i * (units - side) // (count - 1) * multiple for i in range(count)]
    stops = [start + side * multiple for start in starts]
    fades = [(0, 0)]
    for start, stop in zip(starts[1:], stops, strict=False):
        middle, half = (start + stop) // 2, (stop - start) // _FADE
        fades.append((middle - half, middle + half))
    fades.append((length, length))
    return [
        Span(start, stop, fades[i], fades[i + 1])
        for i, (start, stop) in enumerate(zip(starts, stops, strict=True))
    ]


def shrink(length: int, tile: int, overlap: int, multiple: int) -> int:
    """The smallest tile that covers an axis with as many tiles as `tile` needs; see `spans`."""
    count = len(spans(length, tile, overlap, multiple))
    units, shared = length // multiple, -(-overlap // multiple)
    return -(-(units + shared * (count - 1)) // count) * multiple


def plan(height: int, width: int, tile: int, overlap: int, multiple: int) -> list[Tile]:
    """Tiles of a picture, row by row; see `spans`."""
    return [
        Tile(rows, cols)
        for rows in spans(height, tile, overlap, multiple)
        for cols in spans(width, tile, overlap, multiple)
    ]


def cut(picture: Float[Tensor, "1 c h w"], tile: Tile) -> Float[Tensor, "1 c tile_h tile_w"]:
    """A tile of a picture (a view)."""
    return picture[:, :, tile.rows.start : tile.rows.stop, tile.cols.start : tile.cols.stop]


def _weights(span: Span, scale: int) -> Float[Tensor, " p"]:
    """Weight of each SR pixel of a tile along one axis; neighbours' weights add up to 1."""
    position = torch.arange(span.start * scale, span.stop * scale) + 0.5

    def rise(fade: tuple[int, int]) -> Tensor:
        first, last = fade[0] * scale, fade[1] * scale
        return ((position - first) / max(last - first, 0.5)).clamp(0, 1)

    return rise(span.fade_in) - rise(span.fade_out)


def stitch(
    whole: Float[Tensor, "1 c sr_h sr_w"],
    part: Float[Tensor, "1 c tile_h tile_w"],
    tile: Tile,
    scale: int,
) -> None:
    """Add an enlarged tile to the whole picture, faded into its neighbours.

    Args:
        whole: the SR picture, zeros before the first tile.
        part: the tile, enlarged.
        tile: where it belongs, LR pixels.
        scale: enlargement.
    """
    rows, cols = (
        slice(s.fade_in[0] * scale, s.fade_out[1] * scale) for s in (tile.rows, tile.cols)
    )
    weight = _weights(tile.rows, scale)[:, None] * _weights(tile.cols, scale)
    y, x = tile.rows.start * scale, tile.cols.start * scale
    inner = slice(rows.start - y, rows.stop - y), slice(cols.start - x, cols.stop - x)
    whole[:, :, rows, cols] += part[:, :, inner[0], inner[1]] * weight[inner]
