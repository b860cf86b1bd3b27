"""A canvas of cells drawn by matplotlib, and figure files that say how they were made."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.patches import Rectangle
from numpy import ndarray

from hatsr.attribution.objective import PatchCorner
from hatsr.files import replacing

_BOX = "#e6001a"
_GAP, _MARGIN = 0.06, 0.35  # inches


def canvas(widths: Sequence[float], heights: Sequence[float]) -> tuple[Figure, ndarray]:
    """An empty figure with a grid of cells of these sizes in inches; rows by columns."""
    size = (sum(widths) + _MARGIN, sum(heights) + len(heights) * 0.25 + _MARGIN)
    layout = ConstrainedLayoutEngine(w_pad=_GAP / 2, h_pad=_GAP / 2, wspace=0, hspace=0)
    drawn = Figure(figsize=size, layout=layout)
    axes = drawn.subplots(
        len(heights),
        len(widths),
        squeeze=False,
        width_ratios=list(widths),
        height_ratios=list(heights),
    )
    return drawn, axes


def show(cell: Axes, picture: Float[ndarray, "h w *rgb"], title: str) -> None:
    """Put a picture with values in or around [0, 1] into a cell, without smoothing."""
    cell.imshow(np.clip(picture, 0, 1), interpolation="nearest", cmap="gray", vmin=0, vmax=1)
    cell.set(xticks=[], yticks=[])
    for side in cell.spines.values():
        side.set_visible(False)
    if title:
        cell.set_title(title, fontsize=8)


def outline(cell: Axes) -> None:
    """A thin gray line around a cell whose picture may be white."""
    for side in cell.spines.values():
        side.set(visible=True, color="0.7", linewidth=0.5)


def box(cell: Axes, patch: PatchCorner, patch_size: int) -> None:
    """A red frame around a patch, with a white rim that stands out on any colour."""
    y, x = patch
    for colour, width in (("white", 2.2), (_BOX, 1.1)):
        frame = Rectangle(
            (x - 0.5, y - 0.5),
            patch_size,
            patch_size,
            fill=False,
            edgecolor=colour,
            linewidth=width,
        )
        cell.add_patch(frame)


def save(drawn: Figure, path: Path, title: str, parameters: Mapping[str, object]) -> None:
    """Write a PNG, SVG or PDF with the parameters as JSON in its metadata.

    They are the field Description (PNG, SVG) or Subject (PDF).
    """
    text = json.dumps(parameters, ensure_ascii=True)
    kind = path.suffix.lower()
    field = "Subject" if kind == ".pdf" else "Description"
    metadata: dict[str, str | None] = {"Title": title, field: text}
    if kind == ".svg":
        metadata["Date"] = None
    if kind == ".pdf":
        metadata["CreationDate"] = None
    with replacing(path) as part:
        drawn.savefig(
            part,
            format=kind[1:],
            dpi=200,
            metadata=metadata,
            bbox_inches="tight",
            pad_inches=0.06,
        )
