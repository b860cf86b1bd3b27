"""Launches of a small batch recorded once and replayed: a CUDA graph for each shape.

A forward is thousands of small operations. Where each takes a GPU less time than a processor needs
to ask for it, the GPU waits; a recording asks for all of them at once.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from hatsr.model.triton_attention import supports_triton

Work = Callable[[Tensor], Tensor]


@dataclass(frozen=True, slots=True)
class Recording:
    """One shape's launches, from one tensor to another."""

    graph: torch.cuda.CUDAGraph
    """The launches."""
    given: Tensor
    """Read by them."""
    made: Tensor
    """Written by them."""


class Recorded:
    """Work on a GPU that is recorded when a shape comes for the second time.

    Args:
        work: from one tensor to another, the same launches for the same shape.
        most: recordings that are kept.
    """

    def __init__(self, work: Work, most: int) -> None:
        self.work, self.most = work, most
        self.recordings: OrderedDict[tuple[int, ...], Recording | None] = OrderedDict()

    def __call__(self, given: Tensor) -> Tensor:
        """The result of the work."""
        shape = tuple(given.shape)
        if not (given.is_cuda and supports_triton(given)):  # plain attention copies tables
            return self.work(given)
        if shape not in self.recordings:
            self._keep(shape, None)
            return self.work(given)
        recording = self.recordings[shape] or self._record(given)
        if recording is None:
            return self.work(given)
        self._keep(shape, recording)
        recording.given.copy_(given)
        recording.graph.replay()
        return recording.made.clone()

    def _keep(self, shape: tuple[int, ...], recording: Recording | None) -> None:
        """As the newest; the oldest goes if there are too many."""
        self.recordings[shape] = recording
        self.recordings.move_to_end(shape)
        while len(self.recordings) > self.most:
            self.recordings.popitem(last=False)

    def _record(self, like: Tensor) -> Recording | None:
        """None, now and later, where the GPU's driver refuses."""
        graph, given = torch.cuda.CUDAGraph(), like.clone()
        try:
            with torch.cuda.device(like.device), torch.cuda.graph(graph):
                made = self.work(given)
        except RuntimeError:
            self.most = 0
            self.recordings.clear()
            return None
        return Recording(graph, given, made)
