"""LAM figures in the style of figure 2: the picture with its box, then a column per network."""

from collections.abc import Sequence
from math import isnan

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy import ndarray

from hatsr.attribution.figures.canvas import box, canvas, outline, show
from hatsr.attribution.figures.panels import Colours, close_up, lr_rgb, paint, panels, resized
from hatsr.attribution.inputs import StudiedPicture
from hatsr.attribution.local_attribution import LamResult

_CELL = 1.9
"""Width of a cell in inches."""
_PANELS = ("attribution", "attribution over LR", "area of contribution", "area over LR")


def lam_figure(
    picture: StudiedPicture, results: Sequence[LamResult], colours: Colours = "seismic"
) -> Figure:
    """Draw attributions of networks for one patch of one picture.

    At the left HR with the box, LR and the patch in HR; then, for each network, attribution and
    area of contribution, alone and over LR, and the patch in SR with its numbers.

    Args:
        picture: what was enlarged.
        results: one for each network, all with the same patch and SR size.
        colours: of the maps.
    """
    h, w = results[0].sr.shape[:2]
    heights = [_CELL * h / w, _CELL * h / w, _CELL]
    drawn, axes = canvas([_CELL] * (1 + 2 * len(results)), heights)
    _reference(axes[:, 0], picture, results[0])
    for i, result in enumerate(results):
        _network(axes[:, 1 + 2 * i : 3 + 2 * i], picture, result, colours)
    return drawn


def _reference(cells: ndarray, picture: StudiedPicture, first: LamResult) -> None:
    """The left column: HR with the box, LR, the true patch."""
    lr, (h, w) = lr_rgb(picture), first.sr.shape[:2]
    true = first.sr if picture.hr is None else picture.hr
    show(cells[0], true, "SR (HR is not known)" if picture.hr is None else "HR")
    box(cells[0], first.patch, first.settings.patch_size)
    show(cells[1], lr, f"LR, {lr.shape[0]} × {lr.shape[1]}")
    _patch(cells[2], resized(lr, h, w) if picture.hr is None else picture.hr, first)
    cells[2].set_title("patch, LR enlarged" if picture.hr is None else "patch, HR", fontsize=8)


def _network(cells: ndarray, picture: StudiedPicture, found: LamResult, colours: Colours) -> None:
    """Two cells wide: maps alone at the left, over LR at the right, patch and numbers below."""
    pictures = panels(picture, found, colours)
    ordered = (
        pictures.attribution,
        pictures.attribution_over_lr,
        pictures.area,
        pictures.area_over_lr,
    )
    for cell, panel, title in zip(cells[:2].flat, ordered, _PANELS, strict=True):
        show(cell, panel, title)
    for cell in (cells[0, 0], cells[1, 0]):
        outline(cell)
    cells[0, 0].set_title(f"{found.model}\n{_PANELS[0]}", fontsize=8)
    _patch(cells[2, 0], found.sr, found)
    cells[2, 0].set_title("patch, SR", fontsize=8)
    _numbers(cells[2, 1], found, colours)


def _patch(cell: Axes, rgb: Float[ndarray, "h w 3"], found: LamResult) -> None:
    """The patch and what is around it."""
    size = found.settings.patch_size
    rows, columns = close_up(rgb.shape[:2], found.patch, size)
    show(cell, rgb[rows, columns], "")
    box(cell, (found.patch[0] - rows.start, found.patch[1] - columns.start), size)


def _numbers(cell: Axes, found: LamResult, colours: Colours) -> None:
    """DI large, quality of the patch, how it was computed, what the colours mean."""
    cell.axis("off")
    index, size = found.diffusion_index, found.settings.patch_size
    cell.text(0.5, 0.86, "DI –" if isnan(index) else f"DI {index:.2f}", ha="center", fontsize=13)
    if found.quality is not None:
        decibels, likeness = found.quality
        cell.text(0.5, 0.71, f"{decibels:.2f} dB / {likeness:.4f}", ha="center", fontsize=8)
    lines = (
        f"{size} × {size} SR pixels at",
        f"row {found.patch[0]}, column {found.patch[1]}",
        f"{found.settings.steps} steps, {found.settings.mode}",
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
