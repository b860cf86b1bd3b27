"""CUDA graphs: launches of a small batch captured once and replayed, a graph for each shape.

A forward is thousands of small operations. Where each takes a GPU less time than a processor needs
to ask for it, the GPU waits; a graph asks for all of them at once.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from hatsr.model.triton.triton_support import supports_triton

Work = Callable[[Tensor], Tensor]


@dataclass(frozen=True, slots=True)
class CapturedGraph:
    """One shape's launches, from one tensor to another."""

    graph: torch.cuda.CUDAGraph
    """The captured launches."""
    static_input: Tensor
    """What a replay reads."""
    static_output: Tensor
    """What a replay writes."""


class CudaGraphCache:
    """Work on a GPU that is captured when a shape comes for the second time.

    Args:
        work: from one tensor to another, the same launches for the same shape.
        most: graphs that are kept.
    """

    def __init__(self, work: Work, most: int) -> None:
        self.work, self.most = work, most
        self.graphs: OrderedDict[tuple[int, ...], CapturedGraph | None] = OrderedDict()

    def __call__(self, given: Tensor) -> Tensor:
        """The result of the work."""
        shape = tuple(given.shape)
        if not (given.is_cuda and supports_triton(given)):  # plain attention copies tables
            return self.work(given)
        if shape not in self.graphs:
            self._keep(shape, None)
            return self.work(given)
        captured = self.graphs[shape] or self._capture(given)
        if captured is None:
            return self.work(given)
        self._keep(shape, captured)
        captured.static_input.copy_(given)
        captured.graph.replay()
        return captured.static_output.clone()

    def _keep(self, shape: tuple[int, ...], captured: CapturedGraph | None) -> None:
        """As the newest; the oldest goes if there are too many."""
        self.graphs[shape] = captured
        self.graphs.move_to_end(shape)
        while len(self.graphs) > self.most:
            self.graphs.popitem(last=False)

    def _capture(self, like: Tensor) -> CapturedGraph | None:
        """None, now and later, where the GPU's driver refuses."""
        graph, given = torch.cuda.CUDAGraph(), like.clone()
        try:
            with torch.cuda.device(like.device), torch.cuda.graph(graph):
                made = self.work(given)
        except RuntimeError:
            self.most = 0
            self.graphs.clear()
            return None
        return CapturedGraph(graph, given, made)
