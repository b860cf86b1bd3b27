"""How a HAT runs fast and in little memory: the exact forward, rearranged.

The whole state is a few feature maps. Windows go through attention in bands, pixels through MLPs
and convolutions in strips, the tail in blocks with a halo, so that temporaries stay small.
"""

from collections.abc import Iterator, Sequence
from itertools import count
from math import ceil

import torch
from einops import rearrange
from jaxtyping import Float
from torch import Tensor

from hatsr.inference.engine.fast_blocks import FastRHAG, Mean
from hatsr.inference.engine.int8 import int8_layers
from hatsr.inference.engine.linear import FLOAT, ROUNDED
from hatsr.inference.engine.maps import FeatureMap, Strip, WindowGrid, bordered
from hatsr.inference.engine.workers import Workers, workers_for
from hatsr.inference.runner import Box, Patch, Progress, ignore_progress
from hatsr.inference.tiling.budget import FIXED_BYTES
from hatsr.model import HAT
from hatsr.model.blocks import Features
from hatsr.model.config import HATConfig
from hatsr.model.network import RHAG, convolve
from hatsr.model.tails import tail_reach
from hatsr.native import supports_rounded_products

LEAST_CHUNK = 1024
"""Pixels of a band or strip at least, so that products stay large enough."""
CHUNK_BYTES = 8 * 2**20
"""Aim for the largest temporary of a band of windows or a strip of pixels."""
PIECES_PER_THREAD = 2
"""Bands or strips for each thread at least, so that one held up leaves work to the others."""
LEAST_WORK = 2**28
"""Pixels times the square of the width, of a picture whose layers are worth being shared out: for
less, all threads together are sooner done, if the machine is not busy."""
TAIL_BLOCK = 64
"""Side of the blocks in which the tail runs, LR pixels."""


def rounds_products(device: torch.device, dtype: torch.dtype) -> bool:
    """Whether a dtype is that of products alone: bfloat16 on a CPU that multiplies it."""
    return device.type == "cpu" and dtype == torch.bfloat16 and supports_rounded_products()


def tail_halo(config: HATConfig) -> int:
    """LR pixels around a block that its result depends on: convolutions before the tail, and it.

    These are the closing convolution and, beside it, the first one, which is computed again.
    """
    before = {"1conv": 1, "3conv": 2, "identity": 1}[config.group_conv]  # sums of radii
    return ceil(before + tail_reach(config))


def bytes_per_pixel(config: HATConfig) -> int:
    """Memory per LR pixel of a tile while it is in the network.

    Features, residual, what an OCAB makes of them, squeezed maps, in float32; pixel numbers of
    windows; LR and SR. Not all are there at once, but the kept heap does not make one's place out
    of the others' (measured: 1.22 kB for hat-t x2, this gives 1.24).
    """
    squeezed = config.embed_dim // config.compress_ratio + 16 if config.cab else 0
    maps = 1.25 * ((2 + config.ocab) * config.embed_dim + squeezed)
    numbers = 8 * (2 + (config.overlap_size / config.window_size) ** 2 * config.ocab)
    return int(4 * (maps + config.channels * (1 + config.scale**2)) + numbers)


class Engine:
    """A HAT made ready to run; a `Runner`.

    Args:
        model: the network; its weights are packed here and must not change afterwards.
        device: where to run.
        dtype: of weights and features; bfloat16 on a CPU that multiplies it: of the factors of
            products alone, and the rest is float32.
        int8: multiply in 8-bit integers; see `hatsr.inference.engine.int8`.
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
        rounds = rounds_products(self.device, dtype)
        self.features_dtype = torch.float32 if rounds else dtype
        self.model = model.to(device=self.device, dtype=self.features_dtype).eval()
        self.config = config = model.config
        widest = max(3 * config.embed_dim, config.mlp_hidden)
        self.chunk_pixels = max(LEAST_CHUNK, CHUNK_BYTES // (4 * widest))
        layers = int8_layers() if int8 else ROUNDED if rounds else FLOAT
        with torch.inference_mode():
            groups = (group for group in self.model.groups if isinstance(group, RHAG))
            self.groups = [FastRHAG(group, layers, self.chunk_pixels) for group in groups]
        self.body_conv, self.tail = map(layers.closing, (model.body_conv, model.tail))
        self.layers = sum(config.depths) + len(config.depths)
        self.halo = tail_halo(config)

    def bytes_needed(self, height: int, width: int) -> int:
        """Memory that a picture takes while it is in the network, its SR included; LR pixels."""
        return FIXED_BYTES + height * width * bytes_per_pixel(self.config)

    def pictures_at_once(self, height: int, width: int, limit: int) -> int:
        """One: a processor has enough to do with it."""
        return 1

    @torch.inference_mode()
    def measure(
        self, patches: Sequence[Patch], progress: Progress = ignore_progress
    ) -> list[Mean] | None:
        """What channel attention pools over the cores of several patches run in step.

        One mean for each HAB; None for a network without channel attention.
        """
        if not (self.config.cab and self.config.channel_attention):
            return None
        workers = self._workers(patches)
        maps = [self._start(lr, core, workers) for lr, core in patches]
        return self._body(maps, None, workers, progress)

    @torch.inference_mode()
    def run(
        self,
        lr: Float[Tensor, "1 rgb h w"],
        *,
        means: list[Mean] | None = None,
        progress: Progress = ignore_progress,
    ) -> Float[Tensor, "1 rgb sr_h sr_w"]:
        """LR to raw SR.

        Args:
            lr: in [0, 1]; height and width are multiples of the window.
            means: what channel attention shall use instead of this picture's own means.
            progress: is told the fraction done after each layer.

        Raises:
            ValueError: a side is no multiple of the window.
        """
        whole = Box(slice(0, lr.shape[2]), slice(0, lr.shape[3]))
        workers = self._workers([(lr, whole)])
        features = self._start(lr, whole, workers)
        self._body([features], means, workers, progress)
        return self._finish(features, workers)

    def _workers(self, patches: Sequence[Patch]) -> Workers:
        """None for little work, else as many as the patches have rows of windows at most."""
        if not self._is_shared(sum(lr.shape[2] * lr.shape[3] for lr, _ in patches)):
            return Workers()
        rows = sum(lr.shape[2] // self.config.window_size for lr, _ in patches)
        return workers_for(self.device, rows)

    def _piece(self, pixels: int) -> int:
        """Pixels of a band or strip of a picture, equal for each thread.

        All threads' pieces together are no larger than two chunks, so that memory does not grow
        with the threads.
        """
        if not self._is_shared(pixels):
            return self.chunk_pixels
        threads = torch.get_num_threads()
        most = min(self.chunk_pixels, max(LEAST_CHUNK, 2 * self.chunk_pixels // threads))
        each = max(PIECES_PER_THREAD, ceil(pixels / most / threads))
        return ceil(pixels / (threads * each))

    def _is_shared(self, pixels: int) -> bool:
        """Whether workers share out the layers of so many pixels."""
        return pixels * self.config.embed_dim**2 >= LEAST_WORK

    def _shallow(self, lr: Float[Tensor, "1 rgb h w"]) -> Features:
        return self.model.shallow_features((lr - self.model.mean) * self.config.img_range)

    def _start(self, lr: Float[Tensor, "1 rgb h w"], core: Box, workers: Workers) -> FeatureMap:
        """Shallow features and the first norm."""
        config, (h, w), window = self.config, lr.shape[-2:], self.config.window_size
        if h % window or w % window:
            raise ValueError(
                f"lr must have sides that are multiples of the window {window}, got {h} x {w}; "
                "pad it first"
            )
        lr = lr.to(self.device, self.features_dtype)
        pixels = self._piece(h * w)
        grid = WindowGrid(h, w, window, config.overlap, pixels, self.device)
        features = FeatureMap(lr, core, grid, pixels)
        features.around = bordered(h, w, config.embed_dim, lr)

        def run(strip: Strip) -> None:
            rows, _ = strip
            top, bottom = max(0, rows.start - 1), min(h, rows.stop + 1)
            shallow = self._shallow(lr[:, :, top:bottom])[0, rows.start - top :]
            features.x[rows] = self.model.embed_norm(shallow[: rows.stop - rows.start])

        workers.each(run, features.strips)
        return features

    def _body(
        self,
        maps: Sequence[FeatureMap],
        given: Sequence[Mean] | None,
        workers: Workers,
        progress: Progress,
    ) -> list[Mean]:
        """All RHAGs; returns the pooled means that were used."""
        layers, means, left = count(1), [], iter(given or ())
        for group in self.groups:
            means += group(maps, left, workers, lambda: progress(next(layers) / self.layers))
        return means

    def _finish(self, features: FeatureMap, workers: Workers) -> Float[Tensor, "1 rgb sr_h sr_w"]:
        """Everything after the RHAGs, block by block."""
        h, w, _ = features.x.shape
        scale = self.config.scale
        sr = features.lr.new_empty(1, self.config.channels, h * scale, w * scale)

        def run(piece: tuple[Box, Box]) -> None:
            block, around = piece
            part = features.x[None, around.rows, around.cols]
            out = self._tail(part, features.lr[:, :, around.rows, around.cols])
            rows, cols = (scaled(s, scale) for s in (block.rows, block.cols))
            inner_rows = scaled(block.rows, scale, around.rows.start)
            inner_cols = scaled(block.cols, scale, around.cols.start)
            sr[:, :, rows, cols] = out[:, :, inner_rows, inner_cols]

        workers.each(run, list(blocks_with_halo(h, w, self.halo, TAIL_BLOCK)))
        return sr

    def _tail(
        self, x: Features, lr: Float[Tensor, "1 rgb h w"]
    ) -> Float[Tensor, "1 rgb sr_h sr_w"]:
        """Last norm, closing convolution, global residual, reconstruction.

        Shallow features are computed again: that takes less than a map of them kept all the time.
        """
        model, config = self.model, self.config
        deep = convolve(self.body_conv, model.norm(x)) + self._shallow(lr)
        sr = self.tail(rearrange(deep, "1 h w c -> 1 c h w"))
        return sr / config.img_range + (lr if config.tail == "residual" else model.mean)


def blocks_with_halo(height: int, width: int, halo: int, side: int) -> Iterator[tuple[Box, Box]]:
    """Blocks of a side that cover a map, each with what lies up to `halo` pixels around."""
    for top in range(0, height, side):
        for left in range(0, width, side):
            bottom, right = min(height, top + side), min(width, left + side)
            rows = slice(max(0, top - halo), min(height, bottom + halo))
            cols = slice(max(0, left - halo), min(width, right + halo))
            yield Box(slice(top, bottom), slice(left, right)), Box(rows, cols)


def scaled(pixels: slice, scale: int, start: int = 0) -> slice:
    """LR pixels, counted from `start`, as SR pixels."""
    return slice((pixels.start - start) * scale, (pixels.stop - start) * scale)
