"""Batches: the same for all numbers of workers and processes, and after a resume."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from hatsr.data.loader import SamplePlan, Stage, open_loader
from hatsr.data.samples import Batch, PatchDataset


def test_workers_ranks_and_resume_see_the_same(
    patches: Callable[..., PatchDataset], folder: Path
) -> None:
    data = patches(folder)
    stages = (Stage(0, 8, 4), Stage(3, 6, 8))
    plan = SamplePlan(stages, iterations=6)

    def numbers(batches: list[Batch]) -> list[list[int]]:
        return [batch.numbers for batch in batches]

    alone = list(open_loader(data, plan, 0, 0, workers=0))
    assert numbers(alone)[:4] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11], [*range(12, 20)]]
    helped = list(open_loader(data, plan, 0, 0, workers=2))
    resumed = list(open_loader(data, plan, 2, 0, workers=0))
    for one, other in zip(alone, helped, strict=True):
        assert torch.equal(one.lr[0], other.lr[0])
        assert torch.equal(one.hr[0], other.hr[0])
    assert numbers(resumed) == numbers(alone)[2:]
    split = SamplePlan(stages, iterations=6, processes=2, accumulate=2)
    ranks = [numbers(list(open_loader(data, split, 0, rank, workers=0))) for rank in range(2)]
    for step in range(6):
        parts = [ranks[rank][2 * step + micro] for micro in range(2) for rank in range(2)]
        assert sum(parts, []) == alone[step].numbers  # noqa: RUF017


def test_a_plan_that_cannot_be_kept_is_refused() -> None:
    with pytest.raises(ValueError, match="multiple of processes x accumulate, 2 x 3, got 4"):
        SamplePlan((Stage(0, 8, 4),), 5, processes=2, accumulate=3)
    with pytest.raises(ValueError, match="rising iterations"):
        SamplePlan((Stage(1, 8, 4),), 5)
