import pytest
from judged import score

from hatsr.evaluation.results import BenchmarkResult, EvaluationSettings, SetResult


@pytest.fixture
def result() -> BenchmarkResult:
    whole = SetResult(name="Set5", scores=(score("a", 33.0), score("b", 33.06)))
    part = SetResult(
        name="my_set",
        scores=(score("c|d", 30.0, data="my_set"),),
        failures={"e": "OSError: cut, short"},
        whole=False,
        remarks=("my_set: only 1 of 2",),
    )
    rules = EvaluationSettings(scale=4, ensemble=True)
    return BenchmarkResult(model="HAT_SRx4", rules=rules, sets=(whole, part))
