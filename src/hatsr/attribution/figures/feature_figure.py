"""Feature maps after each RHAG, a row per network, in the style of figure 3."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float
from matplotlib.figure import Figure
from numpy import ndarray
from torch import Tensor

from hatsr.attribution.feature_maps import LayerMap
from hatsr.attribution.figures.canvas import canvas, save, show

_CELL = 2.2
"""Width of a cell in inches."""
_CUT = 1.0
"""Percent of the darkest and the brightest pixels that are cut off."""


def channel_mean(features: Float[Tensor, "h w c"]) -> Float[ndarray, "h w"]:
    """The mean of the channels, each at mean 0 and variance 1, stretched to [0, 1]."""
    flat = features.double().flatten(0, 1)
    normal = (flat - flat.mean(dim=0)) / flat.std(dim=0, correction=0).clamp_min(1e-12)
    shade = normal.mean(dim=1).view(features.shape[:2]).numpy()
    low, high = np.percentile(shade, (_CUT, 100 - _CUT))
    return ((shade - low) / max(high - low, 1e-12)).clip(0, 1)


def feature_figure(rows: Sequence[Sequence[LayerMap]]) -> Figure:
    """Draw one row of cells for each network."""
    h, w, _ = rows[0][0].features.shape
    drawn, axes = canvas([_CELL] * max(map(len, rows)), [_CELL * h / w] * len(rows))
    for cells, maps in zip(axes, rows, strict=True):
        for cell in cells[len(maps) :]:
            cell.axis("off")
        for cell, layer in zip(cells, maps, strict=False):
            title = f"{layer.name}, layer {layer.layer}\nblocking {layer.blocking_index:.3f}"
            show(cell, channel_mean(layer.features), title)
    return drawn


def draw_features(rows: Sequence[Sequence[LayerMap]], picture: str, path: Path) -> None:
    """Write the figure, with the numbers in its metadata."""
    cells = [
        {
            "model": layer.name,
            "layer": layer.layer,
            "window": layer.window,
            "blocking_index": layer.blocking_index,
        }
        for row in rows
        for layer in row
    ]
    parameters = {"picture": picture, "layers": cells}
    save(feature_figure(rows), path, f"Feature maps of {picture}", parameters)
