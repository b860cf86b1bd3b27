"""How a HAT runs on a GPU: batches of pictures, whole layers at a time, the tail in blocks."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import pad

from hatsr.inference.cuda.aligned import AlignedNorm, aligned
from hatsr.inference.cuda.cuda_blocks import Closing, CudaRHAG, Pooling
from hatsr.inference.cuda.recorded import Recorded
from hatsr.inference.engine.fast_blocks import Mean
from hatsr.inference.engine.hat import blocks_with_halo, scaled, tail_halo
from hatsr.inference.runner import Patch, Progress, ignore_progress
from hatsr.inference.tiling import budget
from hatsr.model import HAT
from hatsr.model.blocks import Features
from hatsr.model.config import HATConfig
from hatsr.model.network import RHAG

TAIL_BLOCK = 256
"""Side of the blocks in which the tail runs, LR pixels."""
RECORDED_PIXELS = 2**17
"""Largest batch whose launches are recorded: in a larger one the GPU is slower than they are."""
_RECORDINGS = 2
"""Recordings that are kept: each keeps its features' memory."""


def body_bytes(config: HATConfig, size: int) -> int:
    """Memory per LR pixel of an RHAG, beside the features that come into it.

    Args:
        config: the network.
        size: bytes of a number in a product.
    """
    wide = aligned(config.embed_dim)
    heads = max(n * aligned(config.embed_dim // n) for n in config.heads)
    squeezed = aligned(config.embed_dim // config.compress_ratio) if config.cab else 0
    in_attention = wide + 4 * heads
    in_cab = 2 * wide + 2 * squeezed
    in_mlp = 2 * wide + 2 * aligned(config.mlp_hidden)
    most = max(in_attention, in_cab, in_mlp) + wide * config.cab
    return 4 * 2 * wide + size * most


def tail_bytes(config: HATConfig) -> int:
    """Memory per LR pixel of a block while it is in the tail."""
    last = config.num_feat if config.tail in ("pixelshuffle", "nearest-conv") else config.channels
    return 4 * (3 * aligned(config.embed_dim) + 3 * last * config.scale**2)


class CudaEngine:
    """A HAT made ready to run on a GPU; a `Runner`.

    Args:
        model: the network; it is taken over.
        device: where to run.
        dtype: of the products; features between blocks, and the tail, are float32 at least.
    """

    def __init__(self, model: HAT, *, device: torch.device | str, dtype: torch.dtype) -> None:
        self.device, self.dtype = torch.device(device), dtype
        self.exact = torch.promote_types(dtype, torch.float32)
        self.model = model.to(device=self.device, dtype=self.exact).eval()
        self.config, self.halo = model.config, tail_halo(model.config)
        self.width = aligned(self.config.embed_dim)
        with torch.inference_mode():
            self.groups = [CudaRHAG(g, dtype) for g in model.groups if isinstance(g, RHAG)]
            self.norm, self.close = AlignedNorm(model.norm, dtype), Closing(model.body_conv, dtype)
            self.tail = model.tail.to(memory_format=torch.channels_last)
        self.recorded = Recorded(self._forward, _RECORDINGS)

    def bytes_needed(self, height: int, width: int) -> int:
        """Memory that a picture takes while it is in the network, its SR included; LR pixels."""
        config, pixels = self.config, height * width
        in_body = pixels * body_bytes(config, self.dtype.itemsize)
        in_tail = min(pixels, (TAIL_BLOCK + 2 * self.halo) ** 2) * tail_bytes(config)
        ends = config.channels * (1 + config.scale**2)
        kept = 4 * pixels * (self.width + ends)
        return budget.FIXED_BYTES + kept + max(in_body, in_tail)

    def pictures_at_once(self, height: int, width: int, limit: int) -> int:
        """As many as fill a GPU, within the limit."""
        return budget.pictures_at_once(self.bytes_needed, height, width, limit)

    @torch.inference_mode()
    def measure(
        self, patches: Sequence[Patch], progress: Progress = ignore_progress
    ) -> list[Mean] | None:
        """What channel attention pools over the cores of several patches; see `Engine`."""
        if not (self.config.cab and self.config.channel_attention):
            return None
        pooling = Pooling([core for _, core in patches])
        self._body(self._lr(torch.cat([lr for lr, _ in patches])), pooling, progress)
        return pooling.found

    @torch.inference_mode()
    def run(
        self,
        lr: Float[Tensor, "b rgb h w"],
        *,
        means: list[Mean] | None = None,
        progress: Progress = ignore_progress,
    ) -> Float[Tensor, "b rgb sr_h sr_w"]:
        """LR to raw SR.

        Args:
            lr: in [0, 1]; height and width are multiples of the window.
            means: what channel attention shall use instead of each picture's own means.
            progress: is told the fraction done after each RHAG.

        Raises:
            ValueError: a side is no multiple of the window.
        """
        (b, _, h, w), window = lr.shape, self.config.window_size
        if h % window or w % window:
            raise ValueError(
                f"lr must have sides that are multiples of the window {window}, got {h} x {w}; "
                "pad it first"
            )
        lr = self._lr(lr)
        if means is None and b * h * w <= RECORDED_PIXELS:
            sr = self.recorded(lr)
            progress(1.0)
            return sr
        return self._forward(lr, means, progress)

    def _lr(self, lr: Float[Tensor, "b rgb h w"]) -> Float[Tensor, "b rgb h w"]:
        return lr.to(self.device, self.exact)

    def _forward(
        self,
        lr: Float[Tensor, "b rgb h w"],
        means: Sequence[Mean] | None = None,
        progress: Progress = ignore_progress,
    ) -> Float[Tensor, "b rgb sr_h sr_w"]:
        pooling = Pooling(given=None if means is None else iter(means))
        return self._finish(self._body(lr, pooling, progress), lr)

    def _shallow(self, lr: Float[Tensor, "b rgb h w"]) -> Features:
        x = (lr - self.model.mean) * self.config.img_range
        return self.model.shallow(x).permute(0, 2, 3, 1)

    def _body(
        self, lr: Float[Tensor, "b rgb h w"], pooling: Pooling, progress: Progress
    ) -> Features:
        """The first convolution, the first norm and all RHAGs."""
        x = self.model.embed_norm(self._shallow(lr))
        x = pad(x, (0, self.width - x.shape[-1])).contiguous()
        for done, group in enumerate(self.groups, 1):
            group(x, pooling)
            progress(done / len(self.groups))
        return x

    def _finish(
        self, x: Features, lr: Float[Tensor, "b rgb h w"]
    ) -> Float[Tensor, "b rgb sr_h sr_w"]:
        """Everything after the RHAGs, block by block."""
        (b, h, w, _), scale = x.shape, self.config.scale
        sr = lr.new_empty(b, self.config.channels, h * scale, w * scale)
        for block, around in blocks_with_halo(h, w, self.halo, TAIL_BLOCK):
            near = slice(None), around.rows, around.cols
            out = self._tail(x[near], lr.permute(0, 2, 3, 1)[near])
            rows, cols = scaled(block.rows, scale), scaled(block.cols, scale)
            inner_rows = scaled(block.rows, scale, around.rows.start)
            inner_cols = scaled(block.cols, scale, around.cols.start)
            sr[:, :, rows, cols] = out[:, :, inner_rows, inner_cols]
        return sr

    def _tail(
        self, x: Features, pixels: Float[Tensor, "b h w rgb"]
    ) -> Float[Tensor, "b rgb sr_h sr_w"]:
        """Last norm, closing convolution, global residual, reconstruction."""
        model, config, lr = self.model, self.config, pixels.permute(0, 3, 1, 2)
        deep = self.close(self.norm(x))[..., : config.embed_dim] + self._shallow(lr)
        sr = self.tail(deep.permute(0, 3, 1, 2))
        return sr / config.img_range + (lr if config.tail == "residual" else model.mean)
