"""Learning rates by the iteration."""

import pytest

from hatsr.training.recipe import OptimRecipe
from hatsr.training.schedule import learning_rate


def test_schedules() -> None:
    steps = OptimRecipe(learning_rate=1.0, milestones=(10, 20), warmup=4)
    rates = [learning_rate(steps, step, 30) for step in (0, 3, 9, 10, 19, 20, 29)]
    assert rates == [0.25, 1.0, 1.0, 0.5, 0.5, 0.25, 0.25]
    cosine = OptimRecipe(learning_rate=1.0, schedule="cosine", floor=0.1)
    rates = [learning_rate(cosine, step, 10) for step in (0, 5, 10)]
    assert rates == pytest.approx([1.0, 0.55, 0.1])
