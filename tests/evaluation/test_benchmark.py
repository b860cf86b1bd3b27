import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from hatsr.evaluation import perceptual
from hatsr.evaluation.benchmark import Benchmark
from hatsr.evaluation.compare import differences
from hatsr.evaluation.cost import measured
from hatsr.evaluation.log import ScoreLog
from hatsr.evaluation.metrics import psnr, ssim
from hatsr.evaluation.outputs import remarks
from hatsr.evaluation.perceptual import Perceptual
from hatsr.evaluation.pictures import load_pair
from hatsr.evaluation.scores import Rules, Score, as_json
from hatsr.evaluation.sources import Bicubic, Network, Pictures
from hatsr.evaluation.survey import survey
from hatsr.resize import imresize

SUBJECT = {"model": "stand-in"}
TWO = Rules(scale=2)
SCORE = Score(data="mine", picture="p", hr="0", psnr=30.0, ssim=0.9, psnr_rgb=29.0, ssim_rgb=0.8)

PUBLISHED = {"Set5": (33.66, 30.39, 28.42), "Set14": (30.24, 27.55, 26.00)}
"""Bicubic at x2, x3, x4, protocols.md section 3."""


def test_scores_follow_the_protocol(folder, model):
    result = Benchmark(Network(model), TWO).run([survey(str(folder))])
    (only,) = result.sets
    assert only.comparable
    for score in only.scores:
        pair = load_pair(folder / "HR" / f"{score.picture}.png", "", 2)
        lr = np.moveaxis(pair.lr, 2, 0)[None].astype(np.float32) / np.float32(255)
        raw = model.enlarge(torch.from_numpy(lr))[0].numpy().transpose(1, 2, 0)
        sr = np.rint(raw.clip(0, 1) * np.float32(255)).astype(np.uint8)
        assert score.psnr == psnr(sr, pair.hr, crop=2)
        assert score.ssim_rgb == ssim(sr, pair.hr, crop=2, channel="rgb")
        assert score.gray == (score.picture == "plain")
        assert score.seconds
    assert only.mean("psnr") == pytest.approx(np.mean([s.psnr for s in only.scores]))


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("name", PUBLISHED)
def test_bicubic_rows_of_the_field(bench, name, scale):
    rules = Rules(scale=scale, gray_as_is=True)
    result = Benchmark(Bicubic(scale), rules).run([survey(name, bench)])
    assert result.means("psnr")[name] == pytest.approx(PUBLISHED[name][scale - 2], abs=0.02)


def test_gray_pictures(folder):
    surveys = [survey(str(folder))]
    as_rgb, as_is = (
        Benchmark(Bicubic(2), rules).run(surveys)
        for rules in (TWO, Rules(scale=2, gray_as_is=True))
    )
    gaps = {a.picture: a.psnr - b.psnr for a, b in zip(as_rgb.scores, as_is.scores, strict=True)}
    assert gaps.pop("plain") == pytest.approx(20 * np.log10(255 / 219))
    assert set(gaps.values()) == {0.0}
    assert "plain is gray and read as RGB" in as_rgb.sets[0].gray(TWO)[0]


def test_ensemble_has_columns_of_its_own(folder, model):
    result = Benchmark(Network(model), Rules(scale=2, ensemble=True)).run([survey(str(folder))])
    for score in result.scores:  # the stand-in commutes with flips and turns
        assert score.ensemble_psnr == pytest.approx(score.psnr, abs=0.05)
    assert model.calls == 9 * 4
    bicubic = Benchmark(Bicubic(2), Rules(scale=2, ensemble=True)).run([survey(str(folder))])
    assert [s.ensemble_psnr for s in bicubic.scores] == [s.psnr for s in bicubic.scores]


def test_pictures_of_another_program(folder, tmp_path):
    made = tmp_path / "theirs" / "mine"
    made.mkdir(parents=True)
    for entry in survey(str(folder)).entries:
        pair = load_pair(entry.path, entry.name, 2)
        Image.fromarray(imresize(pair.lr, 2)).save(made / f"{entry.name}_SRx2.png")
    surveys = [survey(str(folder))]
    theirs = Benchmark(Pictures(made.parent, 2), TWO).run(surveys)
    ours = Benchmark(Bicubic(2), TWO).run(surveys)
    assert theirs.model == "theirs"
    assert [s.psnr for s in theirs.scores] == [s.psnr for s in ours.scores]
    assert theirs.scores[0].seconds is None


def test_one_bad_picture_costs_only_itself(folder, tmp_path):
    made = tmp_path / "theirs"
    made.mkdir()
    for entry in survey(str(folder)).entries[1:]:
        pair = load_pair(entry.path, entry.name, 2)
        sr = imresize(pair.lr, 2)
        Image.fromarray(sr if entry.name != "p1" else sr[:-2]).save(made / f"{entry.name}.png")
    (only,) = Benchmark(Pictures(made, 2), TWO).run([survey(str(folder))]).sets
    assert [score.picture for score in only.scores] == ["p2", "plain"]
    assert not only.comparable
    assert "there is no picture of 'p0'" in only.failures["p0"]
    assert "sr must have the shape of hr" in only.failures["p1"]


def test_not_a_number_is_a_failure(folder):
    class Broken:
        name, scale = "broken", 2

        def enlarge(self, lr: Tensor) -> Tensor:
            return imresize(lr, 2) * float("nan")

    (only,) = Benchmark(Network(Broken()), TWO).run([survey(str(folder))]).sets
    assert not only.scores
    assert only.mean("psnr") is None
    assert "SR must be finite, got NaN or infinity" in only.failures["p0"]


def test_a_stopped_run_goes_on(folder, model, tmp_path):
    path = tmp_path / "out" / "scores.jsonl"
    surveys = [survey(str(folder))]

    def stop(data: str, picture: str, score: object) -> None:
        if picture == "p1":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Benchmark(Network(model), TWO, log=ScoreLog(path, SUBJECT)).run(surveys, stop)
    assert model.calls == 2
    with path.open("a") as file:
        file.write('{"data": "mine", "pic')  # killed while it wrote
    result = Benchmark(Network(model), TWO, log=ScoreLog(path, SUBJECT)).run(surveys)
    assert model.calls == 4
    assert (
        result.scores
        == Benchmark(Network(model), TWO, log=ScoreLog(path, SUBJECT)).run(surveys).scores
    )
    assert model.calls == 4
    Image.fromarray(np.zeros((50, 61, 3), np.uint8)).save(folder / "HR" / "p0.png")
    Benchmark(Network(model), TWO, log=ScoreLog(path, SUBJECT)).run([survey(str(folder))])
    assert model.calls == 5  # the HR that changed, and no other


def test_a_changed_lr_file_is_measured_again(folder, model, tmp_path):
    (folder / "LR").mkdir()
    surveys, rules = [survey(str(folder))], Rules(scale=2, lr="LR")

    def save(name: str, divisor: int = 1) -> None:
        lr = load_pair(folder / "HR" / f"{name}.png", name, 2).lr
        Image.fromarray(np.asarray(lr // divisor)).save(folder / "LR" / f"{name}.png")

    def measure():
        log = ScoreLog(tmp_path / "scores.jsonl", SUBJECT)
        return Benchmark(Network(model), rules, log=log).run(surveys)

    for entry in surveys[0].entries:
        save(entry.name)
    first = measure()
    save("plain", 2)
    second = measure()
    assert model.calls == 5
    assert second.scores[3].psnr < first.scores[3].psnr - 3
    save("plain")
    assert measure().scores[3].psnr == first.scores[3].psnr
    plain = Benchmark(Network(model), TWO).run(surveys)
    assert differences(plain, second)[0].n == 4  # of the same HR, whatever the LR


def test_a_metric_that_can_be_had_by_now_is_measured(folder, model, tmp_path, monkeypatch):
    rules, surveys = Rules(scale=2, perceptual=("lpips",)), [survey(str(folder))]

    def measure():
        log = ScoreLog(tmp_path / "scores.jsonl", SUBJECT)
        return Benchmark(Network(model), rules, log=log).run(surveys).sets[0].mean("lpips")

    def absent(name):
        raise ImportError(name)

    monkeypatch.setattr(perceptual, "_load", absent)
    assert (measure(), measure(), model.calls) == (None, None, 4)
    monkeypatch.setattr(perceptual, "_load", lambda name: lambda sr, hr: 0.25)
    assert (measure(), measure(), model.calls) == (0.25, 0.25, 8)


def test_a_log_is_written_anew_only_for_a_cut_line_and_never_in_place(tmp_path, monkeypatch):
    path = tmp_path / "out" / "scores.jsonl"
    ScoreLog(path, SUBJECT).add(SCORE)
    whole = path.read_bytes()

    def killed(self, *arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", killed)
    assert ScoreLog(path, SUBJECT).find("mine", "p") == SCORE
    assert path.read_bytes() == whole
    path.write_bytes(whole + b'{"data": "mi')
    with pytest.raises(KeyboardInterrupt):
        ScoreLog(path, SUBJECT)
    assert path.read_bytes() == whole + b'{"data": "mi'
    monkeypatch.undo()
    assert ScoreLog(path, SUBJECT).find("mine", "p") == SCORE
    assert path.read_bytes() == whole
    assert [each.name for each in path.parent.iterdir()] == ["scores.jsonl"]


def test_a_log_of_something_else_is_refused(tmp_path):
    ScoreLog(tmp_path / "scores.jsonl", SUBJECT)
    with pytest.raises(ValueError, match=r"same model and rules.*or --restart"):
        ScoreLog(tmp_path / "scores.jsonl", {"model": "other"})


def test_kept_pictures_are_made_again_when_they_are_gone(folder, model, tmp_path):
    log, keep = tmp_path / "scores.jsonl", tmp_path / "pictures"
    surveys = [survey(str(folder))]
    Benchmark(Network(model), TWO, log=ScoreLog(log, SUBJECT), keep=keep).run(surveys)
    (keep / "mine" / "p2.png").unlink()
    Benchmark(Network(model), TWO, log=ScoreLog(log, SUBJECT), keep=keep).run(surveys)
    assert model.calls == 5
    assert len(list((keep / "mine").iterdir())) == 4


def test_an_infinite_psnr_is_json(folder, tmp_path):
    hr = folder / "HR"
    result = Benchmark(Pictures(hr, 1, "itself"), Rules(scale=1)).run([survey(str(folder))])
    document = as_json(result)
    assert document["sets"][0]["mean"]["psnr"] == "inf"
    json.dumps(document, allow_nan=False)


def test_the_scale_is_the_models(model):
    with pytest.raises(ValueError, match="scale must be the model's, 2, got 4"):
        Benchmark(Network(model), Rules(scale=4))


def test_perceptual_metrics_are_skipped_not_fatal(folder):
    metrics = Perceptual(["lpips", "niqe"])
    if not metrics.skipped:
        pytest.skip("pyiqa is here")
    assert "skipped" in metrics.skipped["lpips"]
    picture = np.zeros((8, 8, 3), np.uint8)
    assert metrics.measure(picture, picture) == {}
    rules = Rules(scale=2, perceptual=("lpips",))
    result = Benchmark(Bicubic(2), rules).run([survey(str(folder))])
    assert result.sets[0].mean("lpips") is None
    assert remarks(result)[0].startswith("lpips: ")
    with pytest.raises(ValueError, match=r"one of lpips, dists, niqe, got \['fid'\]"):
        Perceptual(["fid"])


def test_peak_memory_is_that_of_the_work():
    with measured() as small:
        pass
    with measured() as large:
        np.ones(20_000_000)
    if small.peak_bytes is None or large.peak_bytes is None:
        pytest.skip("this system does not tell the peak")
    assert large.peak_bytes - small.peak_bytes > 100e6


def test_rules_are_plain_data():
    assert json.loads(json.dumps(asdict(TWO)))["scale"] == 2
