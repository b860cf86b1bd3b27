"""Picture in, enlarged picture out: colour, alpha, self-ensemble, smaller factors, metadata."""

import os
from dataclasses import replace
from functools import cached_property
from typing import overload

import numpy as np
import torch
from jaxtyping import Float
from PIL import Image
from torch import Tensor, nn

from hatsr import image
from hatsr.image import Picture
from hatsr.inference import ensemble
from hatsr.inference.engine import limit_threads
from hatsr.inference.int8_check import check_psnr_drop, is_negligible
from hatsr.inference.plain import ENGINES
from hatsr.inference.runner import Progress, ignore_progress
from hatsr.inference.settings import AUTO, Settings
from hatsr.inference.tiling.tiled_network import TiledNetwork
from hatsr.inference.user_input import like_source, to_picture
from hatsr.resize import imresize

_LARGE = 2**16
"""LR pixels from which on bf16 saves more than it takes to find out what it costs."""
_MOST = 4
"""Largest scale of the shipped weights."""


def _check_factor(factor: int | float, scale: int, name: str) -> None:
    """Refuse a factor that a network's result cannot be reduced to."""
    if 1 <= factor <= scale:
        return
    advice = "give a scale of 1 or more"
    if scale < factor <= _MOST:
        advice = "choose a model of a larger scale"
    elif factor > scale:
        advice = f"the largest is {scale} here, enlarge the result again for more"
    raise ValueError(
        f"scale must be from 1 to {scale}, what {name} makes, got {factor:g}; {advice}"
    )


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
        is_auto = self.settings.precision == AUTO
        exact = replace(self.settings, precision="fp32") if is_auto else self.settings
        self.tiled = TiledNetwork(model, name, exact)
        self.network, self.scale = self.tiled.network, self.tiled.scale
        self.factor = self.scale if self.settings.scale is None else self.settings.scale
        _check_factor(self.factor, self.scale, name)
        if self.settings.precision == "int8" or self.settings.rounds_products:
            check_psnr_drop(self.network, self.upscale_tensor, name, self.settings.precision)

    def bytes_needed(self, height: int, width: int) -> int:
        """Memory that a whole picture takes while it is enlarged; LR pixels."""
        return self.tiled.bytes_needed(height, width)

    def upscale_tensor(
        self, lr: Float[Tensor, "b rgb h w"], progress: Progress = ignore_progress
    ) -> Float[Tensor, "b rgb sr_h sr_w"]:
        """LR to SR at the network's scale, as the plain network would give it.

        Args:
            lr: in [0, 1], any size from 1 x 1.
            progress: told the fraction done.

        Returns:
            Raw SR in float32 on the CPU, not clamped.

        Raises:
            TypeError, ValueError, MemoryError: as `TiledNetwork.upscale_tensor`.
        """
        return self._tiled_for(lr).upscale_tensor(lr, progress)

    def _tiled_for(self, lr: Tensor) -> TiledNetwork:
        """The network as the settings say; ``auto`` is bf16 for large pictures at most."""
        if self.settings.precision != AUTO or not isinstance(lr, Tensor) or lr.ndim < 2:
            return self.tiled  # which refuses what is no picture
        return self._best if lr.shape[-2] * lr.shape[-1] >= _LARGE else self.tiled

    @cached_property
    def _best(self) -> TiledNetwork:
        """In bf16 if that costs next to nothing, else in fp32."""
        if type(self.tiled.model) not in ENGINES:
            return self.tiled
        settings = replace(self.settings, precision="bf16")
        rounded = TiledNetwork(self.tiled.model, self.name, settings)
        upscalers = self.tiled.upscale_tensor, rounded.upscale_tensor
        return rounded if is_negligible(self.network, *upscalers) else self.tiled

    def upscale_picture(self, lr: Picture, progress: Progress = ignore_progress) -> Picture:
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
            sr = self._tiled_for(part).upscale_together(
                part, lambda f: progress((start + f) / runs), resident_srs
            )
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
        return like_source(self.upscale_picture(to_picture(source), progress), source)
