"""How a network runs fast and in little memory: the exact forward, rearranged.

The whole state is a few feature maps. Windows go through attention in chunks, pixels through
MLPs and convolutions in strips, the tail in blocks with a halo, so that temporaries stay small.
Tiles of one picture can run in step, layer by layer, and pool channel attention together.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn

from hatsr.inference.int8 import Int8Conv, narrowed, quantise
from hatsr.inference.layers import FastHAB, FastOCAB, bordered, strips
from hatsr.inference.layout import Layout, edge_masks
from hatsr.inference.packed import PackedConv
from hatsr.model import HAT
from hatsr.model.blocks import HAB, Features
from hatsr.model.network import RHAG, convolve

PooledMeans = list[Float[Tensor, " c"]]
"""What each CAB's channel attention pools, in the order of the HABs."""

LEAST_CHUNK = 1024
"""Pixels of a chunk or strip at least, so that products stay large enough."""
CHUNK_BYTES = 8 * 2**20
"""Aim for the largest temporary of a chunk of windows or a strip of pixels."""
TAIL_BLOCK = 64
"""Side of the blocks in which the tail runs, LR pixels."""
TAIL_HALO = 5
"""LR pixels around a block that its result depends on (closing convolution and tail)."""


def ignore_progress(fraction: float) -> None:
    """Progress that nobody watches."""


@dataclass(frozen=True, slots=True)
class Box:
    """Part of a picture: rows and columns in LR pixels."""

    rows: slice
    cols: slice

    @property
    def area(self) -> int:
        """Pixels inside."""
        return (self.rows.stop - self.rows.start) * (self.cols.stop - self.cols.start)


class _Group:
    """An RHAG, its parts ready to run."""

    def __init__(self, group: RHAG, pixels: int) -> None:
        self.blocks = [FastHAB(b, pixels) for b in group.blocks if isinstance(b, HAB)]
        self.ocab = None if group.ocab is None else FastOCAB(group.ocab, pixels)
        self.conv, self.pixels = group.conv, pixels
        self.packed = None
        if isinstance(group.conv, nn.Conv2d) and group.conv.bias is not None:
            self.packed = PackedConv(group.conv.weight, group.conv.bias)

    def quantise(self) -> None:
        """Go over to int8 where that costs next to nothing in quality."""
        quantise(self)
        blocks = [*self.blocks, *([] if self.ocab is None else [self.ocab])]
        for block in blocks:
            quantise(block.attention)
            quantise(block.mlp)
            if isinstance(block, FastHAB) and block.cab is not None:
                quantise(block.cab)
                block.cab.gated = Int8Conv(block.cab.weight, block.cab.bias).gated

    def close(self, residual: Float[Tensor, "h w c"], around: Float[Tensor, "h2 w c"]) -> None:
        """Add the closing convolution of a bordered map to the residual, in place."""
        height, width, _ = residual.shape
        for rows, inner in strips(height, width, self.pixels):
            if self.packed is not None:
                self.packed.add_to(residual[rows], around[inner])
                continue
            top, bottom = max(0, rows.start - 2), min(height, rows.stop + 2)
            y = convolve(self.conv, around[None, 1:-1][:, top:bottom])[0, rows.start - top :]
            residual[rows] += y[: rows.stop - rows.start]


class _Tile:
    """The features of one picture or tile on their way through the network."""

    def __init__(self, lr: Float[Tensor, "1 rgb h w"], core: Box, layout: Layout) -> None:
        self.lr, self.core, self.layout = lr, core, layout
        self.around: Float[Tensor, "h2 w c"] = lr.new_empty(2, 0, 0)

    @property
    def x(self) -> Float[Tensor, "h w c"]:
        """The features (a view)."""
        return self.around[1:-1]

    @property
    def pixels(self) -> Float[Tensor, "p c"]:
        """The features as a list of pixels (a view)."""
        return self.x.view(-1, self.around.shape[-1])


class Engine:
    """A network made ready to run.

    Args:
        model: the network; its weights are packed here and must not change afterwards.
        device: where to run.
        dtype: of weights and features.
        int8: multiply in 8-bit integers; see `hatsr.inference.int8`.
    """

    def __init__(
        self,
        model: HAT,
        *,
        device: torch.device | str = "cpu",
        dtype: torch.dtype = torch.float32,
        int8: bool = False,
    ) -> None:
        self.device, self.dtype = torch.device(device), dtype
        self.model = model.to(device=self.device, dtype=dtype).eval()
        self.config = config = model.config
        widest = max(3 * config.embed_dim, config.mlp_hidden)
        self.chunk_pixels = max(LEAST_CHUNK, CHUNK_BYTES // (4 * widest))
        self.masks = edge_masks(config.window_size).to(self.device, dtype)
        with torch.inference_mode():
            self.groups = [
                _Group(group, self.chunk_pixels)
                for group in self.model.groups
                if isinstance(group, RHAG)
            ]
        self.body_conv, self.tail = self.model.body_conv, self.model.tail
        if int8:
            self._quantise()
        self.layers = sum(config.depths) + len(config.depths)

    def _quantise(self) -> None:
        for group in self.groups:
            group.quantise()
        self.body_conv, self.tail = narrowed(self.body_conv), narrowed(self.tail)

    @torch.inference_mode()
    def run(
        self,
        lr: Float[Tensor, "1 rgb h w"],
        *,
        means: PooledMeans | None = None,
        progress: Callable[[float], None] = ignore_progress,
    ) -> Float[Tensor, "1 rgb sr_h sr_w"]:
        """LR to raw SR.

        Args:
            lr: in [0, 1]; height and width are multiples of the window.
            means: what channel attention shall use instead of this picture's own means.
            progress: told the fraction done after each layer.
        """
        core = Box(slice(0, lr.shape[2]), slice(0, lr.shape[3]))
        tile = self._start(lr.to(self.device, self.dtype), core)
        self._body([tile], means, progress)
        return self._finish(tile)

    @torch.inference_mode()
    def pool(
        self,
        tiles: Sequence[tuple[Float[Tensor, "1 rgb _ _"], Box]],
        progress: Callable[[float], None] = ignore_progress,
    ) -> PooledMeans:
        """What channel attention pools over the cores of several tiles run in step."""
        started = [self._start(lr.to(self.device, self.dtype), core) for lr, core in tiles]
        return self._body(started, None, progress)

    def _shallow(self, lr: Float[Tensor, "1 rgb h w"]) -> Features:
        x = (lr - self.model.mean) * self.config.img_range
        return rearrange(self.model.shallow(x), "1 c h w -> 1 h w c")

    def _start(self, lr: Float[Tensor, "1 rgb h w"], core: Box) -> _Tile:
        """Shallow features and the first norm."""
        config, (h, w) = self.config, lr.shape[-2:]
        chunk = max(1, self.chunk_pixels // config.window_size**2)
        layout = Layout(h, w, config.window_size, config.overlap_size, chunk, self.device)
        tile = _Tile(lr, core, layout)
        tile.around = bordered(h, w, config.embed_dim, lr)
        for rows, _ in strips(h, w, self.chunk_pixels):
            top, bottom = max(0, rows.start - 1), min(h, rows.stop + 1)
            shallow = self._shallow(lr[:, :, top:bottom])[0, rows.start - top :]
            tile.x[rows] = self.model.embed_norm(shallow[: rows.stop - rows.start])
        return tile

    def _body(
        self, tiles: Sequence[_Tile], given: PooledMeans | None, progress: Callable[[float], None]
    ) -> PooledMeans:
        """All RHAGs; returns the pooled means that were used."""
        means: PooledMeans = []
        for number, group in enumerate(self.groups):
            residuals = [tile.around for tile in tiles]
            for tile in tiles:
                tile.around = tile.around.clone()
            for block in group.blocks:
                means.append(self._hab(block, tiles, given[len(means)] if given else None))
                progress((len(means) + number) / self.layers)
            for tile, residual in zip(tiles, residuals, strict=True):
                if group.ocab is not None:
                    group.ocab(tile.pixels, tile.layout)
                group.close(residual[1:-1], tile.around)
                tile.around = residual
            progress((len(means) + number + 1) / self.layers)
        return means

    def _hab(
        self, block: FastHAB, tiles: Sequence[_Tile], given: Tensor | None
    ) -> Float[Tensor, " c"]:
        """One HAB on all tiles; returns the mean that its channel attention used."""
        normed = [block.normalise(tile.x) for tile in tiles]
        squeezed, mean = [], self.model.norm.weight.new_zeros(0)
        if block.cab is not None:
            squeezed = [block.cab.squeeze(n) for n in normed]
            total, mean = sum(tile.core.area for tile in tiles), given
            if mean is None:
                parts = [
                    block.cab.pooled(y, tile.core.rows, tile.core.cols) * tile.core.area / total
                    for tile, y in zip(tiles, squeezed, strict=True)
                ]
                mean = torch.stack(parts).sum(0)
        for i, tile in enumerate(tiles):
            flat = normed[i][1:-1].view(tile.pixels.shape)
            block.attention(tile.pixels, flat, tile.layout, self.masks)
            if block.cab is not None:
                block.cab.expand(tile.x, squeezed[i], mean)
            block.mlp(tile.pixels)
        return mean

    def _finish(self, tile: _Tile) -> Float[Tensor, "1 rgb sr_h sr_w"]:
        """Everything after the RHAGs, in blocks with a halo."""
        h, w, _ = tile.x.shape
        scale = self.config.scale
        sr = tile.lr.new_empty(1, self.config.channels, h * scale, w * scale)
        for top in range(0, h, TAIL_BLOCK):
            for left in range(0, w, TAIL_BLOCK):
                bottom, right = min(h, top + TAIL_BLOCK), min(w, left + TAIL_BLOCK)
                y, x = max(0, top - TAIL_HALO), max(0, left - TAIL_HALO)
                rows, cols = slice(y, bottom + TAIL_HALO), slice(x, right + TAIL_HALO)
                out = self._tail(tile.x[None, rows, cols], tile.lr[:, :, rows, cols])
                sr[:, :, top * scale : bottom * scale, left * scale : right * scale] = out[
                    :,
                    :,
                    (top - y) * scale : (bottom - y) * scale,
                    (left - x) * scale : (right - x) * scale,
                ]
        return sr

    def _tail(
        self, x: Features, lr: Float[Tensor, "1 rgb h w"]
    ) -> Float[Tensor, "1 rgb sr_h sr_w"]:
        """Last norm, closing convolution, global residual, reconstruction."""
        model, config = self.model, self.config
        deep = convolve(self.body_conv, model.norm(x)) + self._shallow(lr)
        sr = self.tail(rearrange(deep, "1 h w c -> 1 c h w"))
        return sr / config.img_range + (lr if config.tail == "residual" else model.mean)
