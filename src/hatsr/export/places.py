"""Which pixel goes where, computed in the graph from the size of the picture.

Features are rows, one for each pixel of the padded picture, line by line. Cutting windows, the
cyclic shift, and both ways back are one choice of rows each.
"""

from dataclasses import dataclass
from functools import cached_property

from hatsr.export.graph import Graph
from hatsr.model import HATConfig


@dataclass(frozen=True)
class Size:
    """The sides of the padded picture: int64 values of shape (1,)."""

    height: str
    width: str
    rows: str
    """Windows above each other."""
    cols: str
    """Windows side by side."""


class Places:
    """Tables of rows for one size; each is in the graph once, if it is used."""

    def __init__(self, graph: Graph, config: HATConfig, size: Size) -> None:
        self.graph, self.size = graph, size
        self.side, self.overlap_side = config.window_size, config.overlap_size
        self.shift = config.window_size // 2

    @cached_property
    def windows(self) -> str:
        """Pixels of the windows, (n q)."""
        return self._cut(self._numbers)

    @cached_property
    def pixels(self) -> str:
        """Where among the windows' rows each pixel is: the inverse of `windows`."""
        return self._line_up(self._stitched)

    @cached_property
    def shifted_windows(self) -> str:
        """Pixels of the windows after the cyclic shift."""
        return self._cut(self._rolled(self._numbers, self.shift))

    @cached_property
    def shifted_pixels(self) -> str:
        """The inverse of `shifted_windows`."""
        return self._line_up(self._rolled(self._stitched, -self.shift))

    @cached_property
    def wrapped(self) -> str:
        """Whether the shift brought a pixel around the bottom or the right edge, n 1 q 2."""
        graph = self.graph
        rows = graph.op("Div", self.shifted_windows, self.size.width)
        cols = graph.op("Mod", self.shifted_windows, self.size.width)
        each = [
            graph.reshape(graph.op("Less", line, graph.integer(self.shift)), -1, 1, self.side**2, 1)
            for line in (rows, cols)
        ]
        both = graph.op("Concat", *each, attributes={"axis": 3})
        return graph.op("Cast", both, attributes={"to": 1})

    @cached_property
    def overlapping_windows(self) -> str:
        """Pixels of OCAB's larger windows, (n k); outside the picture the row after the last."""
        graph, size, side = self.graph, self.size, self.overlap_side
        rows, rows_in = self._lines(size.rows, size.height)
        cols, cols_in = self._lines(size.cols, size.width)
        down, across = graph.integers(1), graph.integers(0)
        start = graph.op("Unsqueeze", graph.op("Mul", rows, size.width), down)
        number = graph.op("Add", start, graph.op("Unsqueeze", cols, across))
        inside = graph.op(
            "And", graph.op("Unsqueeze", rows_in, down), graph.op("Unsqueeze", cols_in, across)
        )
        after = graph.op("Mul", size.height, size.width)
        return self._cut(graph.op("Where", inside, number, after), side)

    @cached_property
    def _numbers(self) -> str:
        """The pixels' own numbers, h w."""
        count = self.graph.count(self.graph.op("Mul", self.size.height, self.size.width))
        return self.graph.reshape(count, self.size.height, self.size.width)

    @cached_property
    def _stitched(self) -> str:
        """Rows of unshifted windows, stitched to h w."""
        graph, side = self.graph, self.side
        count = graph.count(graph.op("Mul", self.size.height, self.size.width))
        grid = graph.reshape(count, self.size.rows, self.size.cols, side, side)
        stitched = graph.transpose(grid, 0, 2, 1, 3)
        return graph.reshape(stitched, self.size.height, self.size.width)

    def _cut(self, grid: str, side: int | None = None) -> str:
        """A grid (rows side) (cols side) as windows, in one list."""
        graph, side = self.graph, side or self.side
        cut = graph.reshape(grid, self.size.rows, side, self.size.cols, side)
        return self._line_up(graph.transpose(cut, 0, 2, 1, 3))

    def _line_up(self, grid: str) -> str:
        return self.graph.reshape(grid, -1)

    def _rolled(self, grid: str, shift: int) -> str:
        """Lines from `shift` on, then the first ones; along both sides."""
        graph = self.graph
        for axis, length in enumerate((self.size.height, self.size.width)):
            moved = graph.op("Add", graph.count(length), graph.integer(shift))
            grid = graph.gather(grid, graph.op("Mod", moved, length), axis)
        return grid

    def _lines(self, windows: str, length: str) -> tuple[str, str]:
        """Lines of the overlapping windows along one side, and whether they are in the picture."""
        graph, margin = self.graph, (self.overlap_side - self.side) // 2
        first = graph.op("Mul", graph.count(windows), graph.integer(self.side))
        within = graph.integers(*range(-margin, self.overlap_side - margin))
        lines = graph.op("Add", graph.op("Unsqueeze", first, graph.integers(1)), within)
        lines = self._line_up(lines)
        begun = graph.op("GreaterOrEqual", lines, graph.integer(0))
        return lines, graph.op("And", begun, graph.op("Less", lines, length))
