import numpy as np
import pytest
from judged import pairs, run
from PIL import Image

from hatsr.evaluation import perceptual
from hatsr.evaluation.candidates import BicubicCandidate, NetworkCandidate
from hatsr.evaluation.log import SavedPictures, ScoreLog
from hatsr.evaluation.measurement import Measurement
from hatsr.evaluation.results import EvaluationSettings
from hatsr.evaluation.statistics import differences

SUBJECT = {"model": "stand-in"}

TWO = EvaluationSettings(scale=2)


def test_ensemble_has_columns_of_its_own(folder, model):
    result = run(NetworkCandidate(model), EvaluationSettings(scale=2, ensemble=True), folder)
    for score in result.scores:  # the stand-in commutes with flips and turns
        assert score.ensemble_psnr == pytest.approx(score.psnr, abs=0.05)
    assert model.calls == 9 * 4
    bicubic = run(BicubicCandidate(2), EvaluationSettings(scale=2, ensemble=True), folder)
    assert [s.ensemble_psnr for s in bicubic.scores] == [s.psnr for s in bicubic.scores]


def test_a_changed_lr_file_is_measured_again(folder, model, tmp_path):
    (folder / "LR").mkdir()
    rules = EvaluationSettings(scale=2, lr="LR")

    def save(name: str, divisor: int = 1) -> None:
        lr = made[name].lr
        Image.fromarray(np.asarray(lr // divisor)).save(folder / "LR" / f"{name}.png")

    def measure():
        log = ScoreLog(tmp_path / "scores.jsonl", SUBJECT)
        return run(NetworkCandidate(model), rules, folder, log=log)

    made = pairs(folder, TWO)
    for name in made:
        save(name)
    first = measure()
    save("plain", 2)
    second = measure()
    assert model.calls == 5
    assert second.scores[3].psnr < first.scores[3].psnr - 3
    save("plain")
    assert measure().scores[3].psnr == first.scores[3].psnr
    plain = run(NetworkCandidate(model), TWO, folder)
    assert differences(plain, second)[0].n == 4  # of the same HR, whatever the LR


def test_a_metric_that_can_be_had_by_now_is_measured(folder, model, tmp_path, monkeypatch):
    rules = EvaluationSettings(scale=2, perceptual=("lpips",))

    def measure():
        log = ScoreLog(tmp_path / "scores.jsonl", SUBJECT)
        return run(NetworkCandidate(model), rules, folder, log=log).sets[0].mean("lpips")

    def absent(name):
        raise ImportError(name)

    monkeypatch.setattr(perceptual, "_load", absent)
    assert (measure(), measure(), model.calls) == (None, None, 4)
    monkeypatch.setattr(perceptual, "_load", lambda name: lambda sr, hr: 0.25)
    assert (measure(), measure(), model.calls) == (0.25, 0.25, 8)


def test_kept_pictures_are_made_again_when_they_are_gone(folder, model, tmp_path):
    keep = tmp_path / "pictures"

    def measure() -> None:
        log = ScoreLog(tmp_path / "scores.jsonl", SUBJECT)
        run(NetworkCandidate(model), TWO, folder, log=log, saved=SavedPictures(keep))

    measure()
    (keep / "mine" / "p2.png").unlink()
    (keep / "mine" / "p1.png").write_bytes((keep / "mine" / "p1.png").read_bytes()[:200])
    measure()
    assert model.calls == 6
    assert len(list((keep / "mine").iterdir())) == 4
    measure()
    assert model.calls == 6


def test_the_scale_is_the_models(model):
    with pytest.raises(ValueError, match="scale must be the model's, 2, got 4"):
        Measurement(NetworkCandidate(model), EvaluationSettings(scale=4))
