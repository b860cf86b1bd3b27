"""LAM figures in the style of figure 2: the picture with its box, then a column per network."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy import ndarray

from hatsr.attribution.maps import Attribution
from hatsr.attribution.panels import Colours, close_up, lr_rgb, paint, panels, resized
from hatsr.attribution.plotting import box, figure, outline, show
from hatsr.attribution.quality import patch_quality
from hatsr.attribution.subject import Scene

_CELL = 1.9
"""Width of a cell in inches."""
_PANELS = ("attribution", "attribution over LR", "area of contribution", "area over LR")


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """One network's part of the figure."""

    name: str
    """Its heading."""
    attribution: Attribution
    """What is shown."""


def lam_figure(scene: Scene, columns: Sequence[Column], colours: Colours = "seismic") -> Figure:
    """Draw attributions of networks for one patch of one picture.

    At the left HR with the box, LR and the patch in HR; then, for each network, attribution and
    area of contribution, alone and over LR, and the patch in SR with its numbers.

    Args:
        scene: the picture.
        columns: one for each network, all with the same patch and SR size.
        colours: of the maps.
    """
    h, w = columns[0].attribution.sr.shape[:2]
    heights = [_CELL * h / w, _CELL * h / w, _CELL]
    drawn, axes = figure([_CELL] * (1 + 2 * len(columns)), heights)
    _reference(axes[:, 0], scene, columns[0].attribution)
    for i, column in enumerate(columns):
        _network(axes[:, 1 + 2 * i : 3 + 2 * i], scene, column, colours)
    return drawn


def _reference(cells: ndarray, scene: Scene, first: Attribution) -> None:
    """The left column: HR with the box, LR, the true patch."""
    lr, (h, w) = lr_rgb(scene), first.sr.shape[:2]
    true = first.sr if scene.hr is None else scene.hr
    show(cells[0], true, "SR (HR is not known)" if scene.hr is None else "HR")
    box(cells[0], first.patch, first.settings.window)
    show(cells[1], lr, f"LR, {lr.shape[0]} × {lr.shape[1]}")
    _patch(cells[2], resized(lr, h, w) if scene.hr is None else scene.hr, first)
    cells[2].set_title("patch, LR enlarged" if scene.hr is None else "patch, HR", fontsize=8)


def _network(cells: ndarray, scene: Scene, column: Column, colours: Colours) -> None:
    """Two cells wide: maps alone at the left, over LR at the right, patch and numbers below."""
    found = column.attribution
    pictures = panels(scene, found, colours)
    ordered = (
        pictures.attribution,
        pictures.attribution_over_lr,
        pictures.area,
        pictures.area_over_lr,
    )
    for cell, picture, title in zip(cells[:2].flat, ordered, _PANELS, strict=True):
        show(cell, picture, title)
    for cell in (cells[0, 0], cells[1, 0]):
        outline(cell)
    cells[0, 0].set_title(f"{column.name}\n{_PANELS[0]}", fontsize=8)
    _patch(cells[2, 0], found.sr, found)
    cells[2, 0].set_title("patch, SR", fontsize=8)
    _numbers(cells[2, 1], scene, found, colours)


def _patch(cell: Axes, picture: Float[ndarray, "h w 3"], found: Attribution) -> None:
    """The patch and what is around it."""
    window = found.settings.window
    rows, columns = close_up(picture.shape[:2], found.patch, window)
    show(cell, picture[rows, columns], "")
    box(cell, (found.patch[0] - rows.start, found.patch[1] - columns.start), window)


def _numbers(cell: Axes, scene: Scene, found: Attribution, colours: Colours) -> None:
    """DI large, quality of the patch, how it was computed, what the colours mean."""
    cell.axis("off")
    index, window = found.diffusion_index, found.settings.window
    cell.text(0.5, 0.86, "DI –" if isnan(index) else f"DI {index:.2f}", ha="center", fontsize=13)
    if scene.hr is not None:
        decibels, likeness = patch_quality(found.sr, scene.hr, found.patch, window)
        cell.text(0.5, 0.71, f"{decibels:.2f} dB / {likeness:.4f}", ha="center", fontsize=8)
    lines = (
        f"{window} × {window} SR pixels at",
        f"row {found.patch[0]}, column {found.patch[1]}",
        f"{found.settings.fold} steps, {found.settings.mode}",
        f"completeness error {100 * found.completeness_error:.1f} %",
    )
    cell.text(0.5, 0.33, "\n".join(lines), ha="center", fontsize=6.5, linespacing=1.4)
    key = cell.inset_axes((0.05, 0.16, 0.9, 0.07))
    key.imshow(paint(np.linspace(0, 1, 256)[None], colours), extent=(0, 1, 0, 1), aspect="auto")
    key.set(yticks=[], xticks=[0, 1])
    for label, side in zip(
        key.set_xticklabels(["unused", "most used"], fontsize=6.5), ("left", "right"), strict=True
    ):
        label.set_horizontalalignment(side)
