"""Tables of pixels against loops over windows, rows and columns."""

import numpy as np
import pytest
from tiny import tiny

pytest.importorskip("onnx", reason="needs the extra export")

from hatsr.export.graph import Graph
from hatsr.export.places import Places, Size

CASES = [(4, 8, 4), (12, 4, 4), (6, 9, 3)]


def table(
    compute, name: str, height: int, width: int, window: int, overlap_ratio: float = 2.0
) -> np.ndarray:
    graph = Graph()
    sides = [graph.op("Shape", "lr", attributes={"start": i, "end": i + 1}) for i in (0, 1)]
    size = Size(*sides, *(graph.op("Div", side, graph.integer(window)) for side in sides))
    places = Places(graph, tiny(window_size=window, overlap_ratio=overlap_ratio).config, size)
    dimensions = 4 if name == "wrapped" else 1
    return compute(graph, getattr(places, name), np.zeros((height, width)), dimensions)


def positions(height: int, width: int, side: int, step: int, first: int) -> list[tuple[int, int]]:
    """Row and column of each place of each window, window by window."""
    return [
        (top + y + first, left + x + first)
        for top in range(0, height, step)
        for left in range(0, width, step)
        for y in range(side)
        for x in range(side)
    ]


@pytest.mark.parametrize(("height", "width", "window"), CASES)
@pytest.mark.parametrize("kind", ["", "shifted_"])
def test_pixels_of_windows_and_the_way_back(
    kind: str, height: int, width: int, window: int, compute
) -> None:
    shift = window // 2 if kind else 0
    expected = [
        (y % height) * width + x % width for y, x in positions(height, width, window, window, shift)
    ]
    found = table(compute, f"{kind}windows", height, width, window)
    assert found.tolist() == expected
    back = table(compute, f"{kind}pixels", height, width, window)
    assert found[back.astype(int)].tolist() == list(range(height * width))


@pytest.mark.parametrize(("height", "width", "window"), CASES)
def test_what_the_shift_brought_around_an_edge(
    height: int, width: int, window: int, compute
) -> None:
    places = positions(height, width, window, window, window // 2)
    expected = [[float(y >= height), float(x >= width)] for y, x in places]
    found = table(compute, "wrapped", height, width, window)
    assert found.shape == (len(places) // window**2, 1, window**2, 2)
    assert found.reshape(-1, 2).tolist() == expected


@pytest.mark.parametrize(
    ("height", "width", "window", "overlap_ratio"),
    [(4, 8, 4, 0.5), (12, 4, 4, 0.0), (12, 4, 4, 2.5), (6, 9, 3, 2.0)],
)
def test_larger_windows_reach_outside_the_picture(
    height: int, width: int, window: int, overlap_ratio: float, compute
) -> None:
    side = window + int(overlap_ratio * window)
    expected = [
        y * width + x if 0 <= y < height and 0 <= x < width else height * width
        for y, x in positions(height, width, side, window, -((side - window) // 2))
    ]
    found = table(
        compute, "overlapping_windows", height, width, window, overlap_ratio=overlap_ratio
    )
    assert found.tolist() == expected
