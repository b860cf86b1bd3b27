"""Launches are captured on a GPU alone (`tests/test_cuda.py` says what comes of it there)."""

import torch
from torch import Tensor

from hatsr.inference.cuda.cuda_graphs import CudaGraphCache


def test_nothing_is_recorded_without_a_gpu() -> None:
    calls: list[Tensor] = []

    def double(x: Tensor) -> Tensor:
        calls.append(x)
        return 2 * x

    recorded = CudaGraphCache(double, 2)
    for _ in range(3):
        assert torch.equal(recorded(torch.ones(2)), torch.full((2,), 2.0))
    assert len(calls) == 3
