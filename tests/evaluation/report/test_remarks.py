import pytest
from judged import score

from hatsr.evaluation.report.remarks import reference, remarks, verdicts
from hatsr.evaluation.results import BenchmarkResult, EvaluationSettings, SetResult
from hatsr.evaluation.statistics import compare_results


def test_verdicts_only_for_whole_sets(result):
    row = reference(result.model, 4)
    assert verdicts(result, row) == [
        "Set5: 33.03 dB, within ±0.1 dB of HAT's published 33.04 (-0.01)"
    ]
    assert reference("mine", 4, "HAT-L+") == reference("HAT-L_SRx4_ImageNet-pretrain", 4)
    with pytest.raises(ValueError, match=r"one of bicubic, .*HAT-L† at x4, got 'HAT-X'"):
        reference("mine", 4, "HAT-X")


def test_bicubic_is_held_against_its_row_by_that_rows_rule():
    scores = (score("bridge", 27.3, data="Set14", gray=True), score("b", 26.0, data="Set14"))
    result = BenchmarkResult(
        model="bicubic",
        rules=EvaluationSettings(scale=4),
        sets=(SetResult(name="Set14", scores=scores),),
    )
    said = verdicts(result, reference("bicubic", 4))
    assert said[0] == "Set14: 26.00 dB, within ±0.1 dB of bicubic's published 26.00 (+0.00)"
    assert "by their own code" in said[1]


def test_remarks_on_several_models_are_said_once_and_name_the_model(result):
    gray = SetResult(name="Set14", scores=(score("bridge", 27.0, data="Set14", gray=True),))
    a = BenchmarkResult(model="a", rules=EvaluationSettings(scale=4), sets=(gray, result.sets[1]))
    b = BenchmarkResult(model="b", rules=a.rules, sets=a.sets, skipped={"lpips": "pyiqa absent"})
    none = SetResult(name="Set14", scores=(), failures={"bridge": "OSError: gone"})
    bad = BenchmarkResult(model="bad", rules=a.rules, sets=(none,))
    said = remarks([a, b, bad], compare_results([a, b, bad]))
    assert [line[:34] for line in said] == [
        "Set14: bridge is gray and read as ",
        "my_set: only 1 of 2",
        "a, my_set: e failed, OSError: cut,",
        "lpips: pyiqa absent",
        "b, my_set: e failed, OSError: cut,",
        "bad, Set14: bridge failed, OSError",
        "bad is not held against a: no pict",
    ]
