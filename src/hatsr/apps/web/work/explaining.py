"""The work of the tab Explain: LAM and feature maps around a spot of a picture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from hatsr.apps.web.work.model_cache import ModelCache

if TYPE_CHECKING:
    from hatsr.image import Picture

ExplainMethod = Literal["lam", "features"]
LR_SIDE = 96
"""Side of the part around the spot that networks see, LR pixels; LAM keeps every layer of it."""
PATCH_SIZE = 16
"""Side of the explained patch, SR pixels."""
_LAM_BYTES = 500 * 10**6
"""Kept activations of a batch of steps."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ExplainTask:
    """Explain what networks make of a spot."""

    source: str
    """The picture, named from the job's folder."""
    what: ExplainMethod
    """Which pixels they used, or what their layers hold."""
    models: tuple[str, ...]
    """Names among those of the service, one or two of one scale."""
    row: int
    """Of the spot, pixels of the picture."""
    column: int
    """Of the spot, pixels of the picture."""
    is_lr: bool
    """The picture is what networks get; else the original, which is made small first."""
    steps: int = 50
    """Steps of LAM's path."""

    def run(
        self, model_cache: ModelCache, folder: Path, progress: Callable[[float], None]
    ) -> ExplainResult:
        """Compute and draw.

        Raises:
            ValueError: a model, a picture or a spot that cannot be used.
            LimitError: the picture is too large.
        """
        from hatsr import image

        if not self.models:
            raise ValueError("models must be one or two, got none; choose one")
        paths = [model_cache.path(name) for name in self.models]
        scale = model_cache.scale(self.models[0])
        size = image.header_size(folder / self.source)
        if size is not None:
            model_cache.limits.check_pixels(size, 1)
        picture = image.read(folder / self.source, max_pixels=model_cache.limits.pixels)
        part, spot = _around(picture, (self.row, self.column), LR_SIDE, 1 if self.is_lr else scale)
        image.write(part, folder / "part.png")
        if self.what == "features":
            return self._features(paths, folder, progress)
        spot = (spot[0] * scale, spot[1] * scale) if self.is_lr else spot
        return self._lam(paths, folder, spot, scale, progress)

    def _lam(
        self,
        paths: list[str],
        folder: Path,
        spot: tuple[int, int],
        scale: int,
        progress: Callable[[float], None],
    ) -> ExplainResult:
        from hatsr.attribution import LamSettings, explain
        from hatsr.image import header_size

        height, width = header_size(folder / "part.png") or (0, 0)
        factor = scale if self.is_lr else 1
        sides = (height * factor // scale * scale, width * factor // scale * scale)
        row, column = (
            min(max(at - PATCH_SIZE // 2, 0), max(side - PATCH_SIZE, 0))
            for at, side in zip(spot, sides, strict=True)
        )
        found = explain(
            paths,
            folder / "part.png",
            (row, column),
            LamSettings(patch_size=PATCH_SIZE, steps=self.steps, memory=_LAM_BYTES / 1e9),
            is_lr=self.is_lr,
            progress=lambda done, total, _: progress(done / total),
        )
        found.draw(folder / "figure.png")
        return ExplainResult(figure="figure.png", lines=tuple(found.lines()))

    def _features(
        self, paths: list[str], folder: Path, progress: Callable[[float], None]
    ) -> ExplainResult:
        from hatsr.attribution import features

        progress(0.1)
        found = features(paths, folder / "part.png", is_lr=self.is_lr)
        progress(0.6)
        found.draw(folder / "figure.png")
        return ExplainResult(figure="figure.png", lines=tuple(found.lines()))


@dataclass(frozen=True, kw_only=True, slots=True)
class ExplainResult:
    """A figure, and its numbers in words."""

    figure: str
    """File name in the job's folder."""
    lines: tuple[str, ...]
    """One for each network, or for each layer of each."""


def _around(
    picture: Picture, spot: tuple[int, int], lr_side: int, scale: int
) -> tuple[Picture, tuple[int, int]]:
    """The part of a picture around a spot, and where the spot is in it.

    Args:
        picture: HR or LR.
        spot: row and column, pixels of the picture.
        lr_side: of the part, LR pixels.
        scale: pixels of the picture for each of LR.

    Raises:
        ValueError: the spot is outside.
    """
    size, slices, inside = (picture.height, picture.width), [], []
    for at, length in zip(spot, size, strict=True):
        if not 0 <= at < length:
            raise ValueError(
                f"spot must be in the picture of {size[0]} x {size[1]}, got row {spot[0]}, "
                f"column {spot[1]}; click on the picture"
            )
        side = min(lr_side * scale, length)
        first = min(max(at - side // 2, 0), length - side)
        slices.append(slice(first, first + side))
        inside.append(at - first)
    rows, columns = slices
    return replace(picture, rgb=picture.rgb[rows, columns], alpha=None), (inside[0], inside[1])
