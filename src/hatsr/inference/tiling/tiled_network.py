"""A network on LR of any size: whole where the memory allows it, else in tiles."""

from contextlib import AbstractContextManager, nullcontext
from copy import deepcopy

import torch
from jaxtyping import Float
from torch import Tensor, nn

from hatsr.inference.engine import retain_freed_memory
from hatsr.inference.plain import make_runner
from hatsr.inference.runner import Progress, Runner, ignore_progress
from hatsr.inference.settings import DTYPES, Settings
from hatsr.inference.tiling import budget
from hatsr.inference.tiling.batches import free_unused, in_batches, is_out_of_memory
from hatsr.inference.tiling.full_float32 import full_float32
from hatsr.inference.tiling.memory import has_own_memory
from hatsr.inference.tiling.sampling import sample, sample_area
from hatsr.inference.tiling.tiles import cut, plan, shrink, stitch
from hatsr.inference.user_input import check_lr
from hatsr.model import as_network
from hatsr.model.windows import pad_to_multiple


class TiledNetwork:
    """A network with weights, ready to enlarge tensors of any size.

    Args:
        model: the network; it is taken over (weights are packed).
        name: what to call it in messages.
        settings: how to run it.

    Raises:
        ValueError: the tile does not go with the network's window.
    """

    def __init__(self, model: nn.Module, name: str, settings: Settings) -> None:
        self.name, self.settings = name, settings
        self.network = as_network(model)
        self.scale, self.multiple = self.network.scale, self.network.multiple
        smallest = budget.smallest_tile(self.multiple, settings.overlap)
        if settings.tile is not None and settings.tile < smallest:
            raise ValueError(
                f"tile must be at least {smallest} LR pixels for a window of "
                f"{self.multiple} and an overlap of {settings.overlap}, got {settings.tile}"
            )
        self.model = model
        self._runners: dict[torch.dtype, Runner] = {}

    def _runner(self, dtype: torch.dtype) -> Runner:
        if dtype not in self._runners:
            is_shared = dtype == torch.float32 or self.settings.rounds_products
            model = self.model if is_shared else deepcopy(self.model)
            int8 = self.settings.precision == "int8"
            self._runners[dtype] = make_runner(
                model, device=self.settings.device, dtype=dtype, int8=int8
            )
        return self._runners[dtype]

    @property
    def _main(self) -> Runner:
        """The network in the precision of the settings."""
        return self._runner(DTYPES[self.settings.precision])

    def bytes_needed(self, height: int, width: int) -> int:
        """Memory that a whole picture takes while it is enlarged; LR pixels."""
        sides = (-(-side // self.multiple) * self.multiple for side in (height, width))
        return self._main.bytes_needed(*sides)

    def upscale_tensor(
        self, lr: Float[Tensor, "b rgb h w"], progress: Progress = ignore_progress
    ) -> Float[Tensor, "b rgb sr_h sr_w"]:
        """LR to SR, as the plain network would give it, whatever else is in the batch.

        Args:
            lr: in [0, 1], any size from 1 x 1.
            progress: told the fraction done.

        Returns:
            Raw SR in float32 on the CPU, not clamped.

        Raises:
            TypeError: no tensor.
            ValueError: a tensor of another shape, or of integers.
            MemoryError: not even the smallest tile fits; the message says what to try.
            ValueError: SR is not finite; the message says why.
        """
        check_lr(lr, self.network.channels)
        count = len(lr)
        if count == 1:
            return self.upscale_together(lr, progress, 1)
        sr = torch.empty(*lr.shape[:2], *(side * self.scale for side in lr.shape[2:]))

        def upscale(batch: Tensor, first: int) -> Tensor:
            share = len(batch) / count
            return self.upscale_together(
                batch, lambda f: progress(first / count + f * share), count + 1
            )

        together = self._pictures_at_once(*lr.shape[-2:])
        for i, one in enumerate(in_batches(lr.split(1), together, upscale)):
            sr[i] = one[0]
        return sr

    def _pictures_at_once(self, height: int, width: int) -> int:
        """Whole pictures that are enlarged together."""
        if self.settings.tile is not None and self.settings.tile < max(height, width):
            return 1
        height, width = (-(-side // self.multiple) * self.multiple for side in (height, width))
        return self._main.pictures_at_once(height, width, self.settings.budget())

    def upscale_together(
        self, lr: Float[Tensor, "b rgb h w"], progress: Progress, resident_srs: int
    ) -> Float[Tensor, "b rgb sr_h sr_w"]:
        """`upscale_tensor` of one picture, or of several that fit into the network whole.

        Args:
            lr: in [0, 1].
            progress: told the fraction done.
            resident_srs: pictures of the result's size that are in memory meanwhile.
        """
        height, width = lr.shape[-2:]
        padded = pad_to_multiple(lr.detach().float().cpu(), self.multiple)
        limit = self._limit(padded, resident_srs)
        with retain_freed_memory():
            if len(padded) > 1:
                sr = self._run(padded, None, progress)
            else:
                tile = self.settings.tile or self._largest_tile(padded, limit)
                sr = self._enlarge_or_shrink(padded, tile, progress, limit)
        return sr[:, :, : height * self.scale, : width * self.scale]

    def _limit(self, padded: Float[Tensor, "b rgb h w"], resident_srs: int) -> int:
        """Bytes for the network and its tiles."""
        limit = self.settings.budget()
        if not has_own_memory(self.settings.device):  # results are kept on the CPU
            limit -= resident_srs * budget.result_bytes(self.network, *padded.shape[-2:])
        return limit

    def relative_work(self, height: int, width: int) -> float:
        """LR pixels that are computed for each of a picture's: 1, or more where tiles overlap."""
        height, width = (-(-side // self.multiple) * self.multiple for side in (height, width))
        padded = torch.empty(1, self.network.channels, height, width, device="meta")
        tile = self.settings.tile or self._largest_tile(padded, self._limit(padded, 1))
        tiles = plan(height, width, tile, self.settings.overlap, self.multiple)
        return sum(each.pixels for each in tiles) / padded[0, 0].numel()

    def _largest_tile(self, padded: Float[Tensor, "1 rgb h w"], limit: int) -> int:
        """The whole picture if it fits, else tiles no larger than needed."""
        needed = self._main.bytes_needed
        if needed(*padded.shape[-2:]) <= limit:
            return max(padded.shape[-2:])
        overlap, multiple = self.settings.overlap, self.multiple
        smallest = budget.smallest_tile(multiple, overlap)
        if not has_own_memory(self.settings.device):
            limit = min(limit, budget.TILE_BYTES)
        tile = max(budget.largest_tile(needed, multiple, limit), smallest)
        return max(smallest, *(shrink(n, tile, overlap, multiple) for n in padded.shape[-2:]))

    def _enlarge_or_shrink(
        self, padded: Float[Tensor, "1 rgb h w"], tile: int, progress: Progress, limit: int
    ) -> Float[Tensor, "1 rgb sr_h sr_w"]:
        """Run with ever smaller tiles until the memory suffices."""
        smallest = budget.smallest_tile(self.multiple, self.settings.overlap)
        while True:
            try:
                return self._tiled(padded, tile, progress, limit)
            except (MemoryError, RuntimeError) as error:
                if not is_out_of_memory(error):
                    raise
                smaller = min(tile, max(padded.shape[-2:])) // 2 // self.multiple * self.multiple
                if smaller < smallest:
                    raise MemoryError(
                        f"out of memory with tiles of {tile} LR pixels on "
                        f"{self.settings.device}; free some memory, or try --tile {smallest}"
                    ) from error
                tile = smaller
            free_unused()

    def _tiled(
        self, padded: Float[Tensor, "1 rgb h w"], tile: int, progress: Progress, limit: int
    ) -> Float[Tensor, "1 rgb sr_h sr_w"]:
        height, width = padded.shape[-2:]
        tiles = plan(height, width, tile, self.settings.overlap, self.multiple)
        if len(tiles) == 1:
            return self._run(padded, None, progress)
        area = sample_area(height, width, most=tile * tile)
        total = sum(t.pixels for t in tiles) + area
        means = self._measure(padded, area, lambda f: progress(f * area / total))
        each = tiles[0].pixels  # tiles are of one size

        def run(batch: Tensor, first: int) -> Tensor:
            def report(f: float) -> None:
                progress((area + (first + f * len(batch)) * each) / total)

            return self._run(batch, means, report)

        sr = padded.new_zeros(1, padded.shape[1], height * self.scale, width * self.scale)
        tile_height, tile_width = cut(padded, tiles[0]).shape[-2:]
        together = self._main.pictures_at_once(tile_height, tile_width, limit)
        results = in_batches([cut(padded, part) for part in tiles], together, run)
        for part, result in zip(tiles, results, strict=True):
            stitch(sr, result, part, self.scale)
        return sr

    def _measure(
        self, padded: Float[Tensor, "1 rgb h w"], area: int, progress: Progress
    ) -> list[Tensor] | None:
        """What tiles must share, measured on patches spread over the picture."""
        patches = sample(padded, area, self.multiple)
        with self._rounding():
            return self._main.measure(patches, progress)

    def _run(
        self, lr: Float[Tensor, "b rgb h w"], means: list[Tensor] | None, progress: Progress
    ) -> Float[Tensor, "b rgb sr_h sr_w"]:
        with self._rounding():
            sr = self._main.run(lr, means=means, progress=progress).float().cpu()
        failed = [i for i, one in enumerate(sr) if not torch.isfinite(one).all()]
        sr = sr.clone() if failed else sr
        for i in failed:
            sr[i] = self._run_exactly(lr[i : i + 1], means, progress)[0]
        return sr

    def _run_exactly(
        self, lr: Float[Tensor, "1 rgb h w"], means: list[Tensor] | None, progress: Progress
    ) -> Float[Tensor, "1 rgb sr_h sr_w"]:
        """Once more in float32, where the result was not finite."""
        wide = None if means is None else [m.float().nan_to_num() for m in means]
        with full_float32():
            sr = self._runner(torch.float32).run(lr, means=wide, progress=progress).cpu()
        if not torch.isfinite(sr).all():
            raise ValueError(f"SR must be finite, got NaN or infinity: {self._cause(lr)}")
        return sr

    def _rounding(self) -> AbstractContextManager[None]:
        """Where float32 was asked for, nothing in it is rounded further."""
        return full_float32() if self.settings.precision == "fp32" else nullcontext()

    def _cause(self, lr: Float[Tensor, "1 rgb h w"]) -> str:
        """Why SR in float32 is not finite: LR, a weight, or features that are too large."""
        if not torch.isfinite(lr).all():
            return "the LR picture is not finite"
        weights = self.model.state_dict().items()
        bad = [name for name, tensor in weights if not torch.isfinite(tensor).all()]
        if bad:
            return f"{bad[0]} in {self.name} is not finite; take another file"
        return (
            f"the features of {self.name} are too large even for fp32, so its weights are damaged "
            "or its hyper-parameters are not those of its training (hatsr info)"
        )
