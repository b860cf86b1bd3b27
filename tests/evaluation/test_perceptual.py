import numpy as np
import pytest
from judged import run

from hatsr.evaluation.candidates import Bicubic
from hatsr.evaluation.perceptual import Perceptual
from hatsr.evaluation.report.remarks import remarks
from hatsr.evaluation.results import Rules


def test_perceptual_metrics_are_skipped_not_fatal(folder):
    metrics = Perceptual(["lpips", "niqe"])
    if not metrics.skipped:
        pytest.skip("pyiqa is here")
    assert "skipped" in metrics.skipped["lpips"]
    picture = np.zeros((8, 8, 3), np.uint8)
    assert metrics.measure(picture, picture) == {}
    rules = Rules(scale=2, perceptual=("lpips",))
    result = run(Bicubic(2), rules, folder)
    assert result.sets[0].mean("lpips") is None
    assert remarks([result])[0].startswith("lpips: ")
    with pytest.raises(ValueError, match=r"one of lpips, dists, niqe, got \['fid'\]"):
        Perceptual(["fid"])
