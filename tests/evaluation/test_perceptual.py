import numpy as np
import pytest
from judged import run

from hatsr.evaluation.candidates import BicubicCandidate
from hatsr.evaluation.perceptual import PerceptualMetrics
from hatsr.evaluation.report.remarks import remarks
from hatsr.evaluation.results import EvaluationSettings


def test_perceptual_metrics_are_skipped_not_fatal(folder):
    metrics = PerceptualMetrics(["lpips", "niqe"])
    if not metrics.skipped:
        pytest.skip("pyiqa is here")
    assert "skipped" in metrics.skipped["lpips"]
    picture = np.zeros((8, 8, 3), np.uint8)
    assert metrics.measure(picture, picture) == {}
    rules = EvaluationSettings(scale=2, perceptual=("lpips",))
    result = run(BicubicCandidate(2), rules, folder)
    assert result.sets[0].mean("lpips") is None
    assert remarks([result])[0].startswith("lpips: ")
    with pytest.raises(ValueError, match=r"one of lpips, dists, niqe, got \['fid'\]"):
        PerceptualMetrics(["fid"])
