"""Picture in, tiles through the network, enlarged picture out."""

import os
from copy import deepcopy
from typing import overload

import numpy as np
import torch
from jaxtyping import Float
from PIL import Image
from torch import Tensor, nn

from hatsr import image
from hatsr.image import Picture
from hatsr.inference import ensemble
from hatsr.inference.engine import kept_heap, limit_threads
from hatsr.inference.int8_check import check_loss
from hatsr.inference.plain import make_runner
from hatsr.inference.runner import Progress, Runner, ignore_progress
from hatsr.inference.settings import DTYPES, Settings
from hatsr.inference.tiling import budget
from hatsr.inference.tiling.batches import free_unused, in_batches, is_out_of_memory
from hatsr.inference.tiling.memory import has_own_memory
from hatsr.inference.tiling.sampling import sample, sample_area
from hatsr.inference.tiling.tiles import cut, plan, shrink, stitch
from hatsr.inference.user_input import check_lr, like_source, to_picture
from hatsr.model import as_network
from hatsr.model.windows import pad_to_multiple
from hatsr.resize import imresize


class Upscaler:
    """A network with weights, ready to enlarge pictures of any size.

    Args:
        model: the network; the upscaler takes it over (weights are packed).
        name: what to call it in the metadata of results.
        settings: how to run it.

    Raises:
        ValueError: the tile does not go with the network's window, or int8, or bf16 on a CPU,
            costs too much quality.
    """

    def __init__(self, model: nn.Module, name: str, settings: Settings | None = None) -> None:
        limit_threads()
        self.name, self.settings = name, settings or Settings()
        self.network = as_network(model)
        self.scale, self.multiple = self.network.scale, self.network.multiple
        smallest = budget.smallest_tile(self.multiple, self.settings.overlap)
        if self.settings.tile is not None and self.settings.tile < smallest:
            raise ValueError(
                f"tile must be at least {smallest} LR pixels for a window of "
                f"{self.multiple} and an overlap of {self.settings.overlap}, got "
                f"{self.settings.tile}"
            )
        self.factor = self.scale if self.settings.scale is None else self.settings.scale
        if not 1 <= self.factor <= self.scale:
            raise ValueError(
                f"scale must be from 1 to {self.scale}, what {name} makes, got {self.factor:g}; "
                "choose another model"
            )
        self._model = model
        self._runners: dict[torch.dtype, Runner] = {}
        if self.settings.precision == "int8" or self.settings.rounds_products:
            check_loss(self.network, self.enlarge, name, self.settings.precision)

    def _runner(self, dtype: torch.dtype) -> Runner:
        if dtype not in self._runners:
            model = self._model if dtype == torch.float32 else deepcopy(self._model)
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

    # ------------------------------------------------------------------ tensors

    def enlarge(
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
            return self._enlarge(lr, progress, 1)
        sr = torch.empty(*lr.shape[:2], *(side * self.scale for side in lr.shape[2:]))

        def enlarge(batch: Tensor, first: int) -> Tensor:
            share = len(batch) / count
            return self._enlarge(batch, lambda f: progress(first / count + f * share), count + 1)

        together = self._pictures_at_once(*lr.shape[-2:])
        for i, one in enumerate(in_batches(lr.split(1), together, enlarge)):
            sr[i] = one[0]
        return sr

    def _pictures_at_once(self, height: int, width: int) -> int:
        """Whole pictures that are enlarged together."""
        if self.settings.tile is not None and self.settings.tile < max(height, width):
            return 1
        height, width = (-(-side // self.multiple) * self.multiple for side in (height, width))
        return self._main.pictures_at_once(height, width, self.settings.budget())

    def _enlarge(
        self, lr: Float[Tensor, "b rgb h w"], progress: Progress, resident_srs: int
    ) -> Float[Tensor, "b rgb sr_h sr_w"]:
        """`enlarge` of one picture, or of several that fit into the network whole.

        So many pictures of the result's size are in memory meanwhile.
        """
        height, width = lr.shape[-2:]
        padded = pad_to_multiple(lr.detach().float().cpu(), self.multiple)
        limit = self.settings.budget()
        if not has_own_memory(self.settings.device):  # results are kept on the CPU
            limit -= resident_srs * budget.result_bytes(self.network, *padded.shape[-2:])
        with kept_heap():
            if len(padded) > 1:
                sr = self._run(padded, None, progress)
            else:
                tile = self.settings.tile or self._largest_tile(padded, limit)
                sr = self._enlarge_or_shrink(padded, tile, progress, limit)
        return sr[:, :, : height * self.scale, : width * self.scale]

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
        return self._main.measure(patches, progress)

    def _run(
        self, lr: Float[Tensor, "b rgb h w"], means: list[Tensor] | None, progress: Progress
    ) -> Float[Tensor, "b rgb sr_h sr_w"]:
        sr = self._main.run(lr, means=means, progress=progress).float().cpu()
        failed = [i for i, one in enumerate(sr) if not torch.isfinite(one).all()]
        sr = sr.clone() if failed else sr
        for i in failed:
            sr[i] = self._run_exactly(lr[i : i + 1], means, progress)[0]
        return sr

    def _run_exactly(
        self, lr: Float[Tensor, "1 rgb h w"], means: list[Tensor] | None, progress: Progress
    ) -> Float[Tensor, "1 rgb sr_h sr_w"]:
        """In float32, what was not finite."""
        wide = None if means is None else [m.float().nan_to_num() for m in means]
        sr = self._runner(torch.float32).run(lr, means=wide, progress=progress).cpu()
        if not torch.isfinite(sr).all():
            raise ValueError(f"SR must be finite, got NaN or infinity: {self._cause(lr)}")
        return sr

    def _cause(self, lr: Float[Tensor, "1 rgb h w"]) -> str:
        """Why SR in float32 is not finite: LR, a weight, or features that are too large."""
        if not torch.isfinite(lr).all():
            return "the LR picture is not finite"
        weights = self._model.state_dict().items()
        bad = [name for name, tensor in weights if not torch.isfinite(tensor).all()]
        if bad:
            return f"{bad[0]} in {self.name} is not finite; take another file"
        return (
            f"the features of {self.name} are too large even for fp32, so its weights are damaged "
            "or its hyper-parameters are not those of its training (hatsr info)"
        )

    # ------------------------------------------------------------------ pictures

    def enlarge_picture(self, lr: Picture, progress: Progress = ignore_progress) -> Picture:
        """Colour and alpha enlarged, metadata carried over."""
        alpha = image.alpha_to_tensor(lr)
        parts = [image.to_tensor(lr), *([] if alpha is None else [alpha])]
        done: list[np.ndarray] = []
        for tensor in parts:
            sr = self._enlarge_colour(
                tensor, lambda f: progress((len(done) + f) / len(parts)), len(done)
            )
            done.append(self._reduce(image.from_tensor(sr)))
        return image.enlarged(lr, done[0], self.factor, *done[1:])

    def _reduce(self, sr: np.ndarray) -> np.ndarray:
        """From the network's scale to the one that was asked for."""
        if self.factor == self.scale:
            return sr
        size = tuple(round(side * self.factor / self.scale) for side in sr.shape[:2])
        return imresize(sr.clip(0, 1), size=size)

    def _enlarge_colour(
        self, lr: Float[Tensor, "1 3 h w"], progress: Progress, done_before: int
    ) -> Float[Tensor, "1 3 sr_h sr_w"]:
        """A network of one channel takes the colours one at a time; `done_before` SRs are kept."""
        channels = lr.split(self.network.channels, dim=1)
        variants = 8 if self.settings.ensemble else 1
        runs, done = len(channels) * variants, 0
        resident_srs = done_before + (1 + ensemble.EXTRA if self.settings.ensemble else 1)

        def one(part: Tensor) -> Tensor:
            nonlocal done
            start = done
            sr = self._enlarge(part, lambda f: progress((start + f) / runs), resident_srs)
            done += 1
            return sr

        whole = (lambda part: ensemble.self_ensemble(one, part)) if self.settings.ensemble else one
        parts = [whole(part) for part in channels]
        return parts[0] if len(parts) == 1 else torch.cat(parts, dim=1)

    @overload
    def upscale(self, source: np.ndarray, progress: Progress = ...) -> np.ndarray: ...
    @overload
    def upscale(
        self, source: str | os.PathLike[str] | Image.Image, progress: Progress = ...
    ) -> Image.Image: ...
    def upscale(
        self,
        source: str | os.PathLike[str] | Image.Image | np.ndarray,
        progress: Progress = ignore_progress,
    ) -> Image.Image | np.ndarray:
        """Enlarge a path, a PIL image or an array.

        Args:
            source: an array is h w, h w 2, h w 3 or h w 4 (gray, gray and alpha, RGB, RGBA);
                uint8, uint16, or float in [0, 1]. The bytes of a file, and an open one, will do.
            progress: told the fraction done.

        Returns:
            An array for an array (of the same type; float for float), else a PIL image.

        Raises:
            TypeError: what was given is none of these.
            ValueError: it is no picture that can be read.
        """
        return like_source(self.enlarge_picture(to_picture(source), progress), source)
