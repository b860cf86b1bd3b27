import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from hatsr.evaluation import perceptual
from hatsr.evaluation.benchmark import Benchmark, ignore
from hatsr.evaluation.candidates import Bicubic, Candidate, Network, Pictures
from hatsr.evaluation.cost.measuring import measured
from hatsr.evaluation.log import SavedPictures, ScoreLog
from hatsr.evaluation.measurement import Measurement
from hatsr.evaluation.metrics import psnr, ssim
from hatsr.evaluation.pairs import Pair, read_codes
from hatsr.evaluation.perceptual import Perceptual
from hatsr.evaluation.report.remarks import remarks
from hatsr.evaluation.results import Result, Rules, Score, as_json
from hatsr.evaluation.sets.folders import find_sets, open_set
from hatsr.evaluation.sets.survey import Survey
from hatsr.evaluation.statistics import differences
from hatsr.resize import imresize

SUBJECT = {"model": "stand-in"}
TWO = Rules(scale=2)
SCORE = Score(data="mine", picture="p", hr="0", psnr=30.0, ssim=0.9, psnr_rgb=29.0, ssim_rgb=0.8)


def run(candidate: Candidate, rules: Rules, folder: Path, progress=ignore, **kept) -> Result:
    """One candidate on one folder."""
    measurement = Measurement(candidate, rules, **kept)
    (result,) = Benchmark([measurement], progress).run([open_set(str(folder), rules)])
    return result


def pairs(folder: Path, rules: Rules) -> dict[str, Pair]:
    pictures = open_set(str(folder), rules)
    found = Survey(pictures).pairs(pictures.pair_rule(rules))
    return {name: pair for name, pair in found if pair is not None}


PUBLISHED = {"Set5": (33.66, 30.39, 28.42), "Set14": (30.24, 27.55, 26.00)}
"""Bicubic at x2, x3, x4, protocols.md section 3."""


def test_scores_follow_the_protocol(folder, model):
    result = run(Network(model), TWO, folder)
    (only,) = result.sets
    assert only.comparable
    for score in only.scores:
        pair = pairs(folder, TWO)[score.picture]
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
    sets, _ = find_sets([name], bench, rules)
    (result,) = Benchmark([Measurement(Bicubic(scale), rules)]).run(sets)
    assert result.means("psnr")[name] == pytest.approx(PUBLISHED[name][scale - 2], abs=0.02)


def test_gray_pictures(folder):
    as_rgb, as_is = (
        run(Bicubic(2), rules, folder) for rules in (TWO, Rules(scale=2, gray_as_is=True))
    )
    gaps = {a.picture: a.psnr - b.psnr for a, b in zip(as_rgb.scores, as_is.scores, strict=True)}
    assert gaps.pop("plain") == pytest.approx(20 * np.log10(255 / 219))
    assert set(gaps.values()) == {0.0}
    assert "plain is gray and read as RGB" in as_rgb.sets[0].gray(TWO)[0]


def test_ensemble_has_columns_of_its_own(folder, model):
    result = run(Network(model), Rules(scale=2, ensemble=True), folder)
    for score in result.scores:  # the stand-in commutes with flips and turns
        assert score.ensemble_psnr == pytest.approx(score.psnr, abs=0.05)
    assert model.calls == 9 * 4
    bicubic = run(Bicubic(2), Rules(scale=2, ensemble=True), folder)
    assert [s.ensemble_psnr for s in bicubic.scores] == [s.psnr for s in bicubic.scores]


def test_pictures_of_another_program(folder, tmp_path):
    made = tmp_path / "theirs" / "mine"
    made.mkdir(parents=True)
    for name, pair in pairs(folder, TWO).items():
        Image.fromarray(imresize(pair.lr, 2)).save(made / f"{name}_SRx2.png")
    theirs = run(Pictures(made.parent, 2), TWO, folder)
    ours = run(Bicubic(2), TWO, folder)
    assert theirs.model == "theirs"
    assert [s.psnr for s in theirs.scores] == [s.psnr for s in ours.scores]
    assert theirs.scores[0].seconds is None


def test_one_bad_picture_costs_only_itself(folder, tmp_path):
    made = tmp_path / "theirs"
    made.mkdir()
    for name, pair in list(pairs(folder, TWO).items())[1:]:
        sr = imresize(pair.lr, 2)
        Image.fromarray(sr if name != "p1" else sr[:-2]).save(made / f"{name}.png")
    (only,) = run(Pictures(made, 2), TWO, folder).sets
    assert [score.picture for score in only.scores] == ["p2", "plain"]
    assert not only.comparable
    assert "there is no picture of 'p0'" in only.failures["p0"]
    assert "sr must have the shape of hr" in only.failures["p1"]


def test_not_a_number_is_a_failure(folder):
    class Broken:
        name, scale = "broken", 2

        def enlarge(self, lr: Tensor) -> Tensor:
            return imresize(lr, 2) * float("nan")

    (only,) = run(Network(Broken()), TWO, folder).sets
    assert not only.scores
    assert only.mean("psnr") is None
    assert "SR must be finite, got NaN or infinity" in only.failures["p0"]


def test_a_stopped_run_goes_on(folder, model, tmp_path):
    path = tmp_path / "out" / "scores.jsonl"

    def stop(done: int, total: int, words: str) -> None:
        assert total == 4
        if words == "mine p1":
            raise KeyboardInterrupt

    def measure(progress=ignore):
        return run(Network(model), TWO, folder, progress, log=ScoreLog(path, SUBJECT))

    with pytest.raises(KeyboardInterrupt):
        measure(stop)
    assert model.calls == 3  # p1 was judged while p2 was enlarged
    assert len(path.read_text().splitlines()) == 1 + 3  # and what was enlarged is not lost
    with path.open("a") as file:
        file.write('{"data": "mine", "pic')  # killed while it wrote
    result = measure()
    assert model.calls == 4
    assert result.scores == measure().scores
    assert model.calls == 4
    Image.fromarray(np.zeros((50, 61, 3), np.uint8)).save(folder / "HR" / "p0.png")
    measure()
    assert model.calls == 5  # the HR that changed, and no other


def test_several_candidates_share_each_picture_which_is_read_once(folder, model, monkeypatch):
    opened: list[str] = []

    def counted(path: Path):
        opened.append(path.name)
        return read_codes(path)

    monkeypatch.setattr("hatsr.evaluation.sets.survey.read_codes", counted)
    shown: list[tuple[str, list[str]]] = []
    measurements = [Measurement(Bicubic(2), TWO), Measurement(Network(model), TWO)]
    watcher = Benchmark(
        measurements, watcher=lambda pair, made: shown.append((pair.name, list(made)))
    )
    both = watcher.run([open_set(str(folder), TWO)])
    assert opened == ["p0.png", "p1.png", "p2.png", "plain.png"]
    assert [name for name, _ in shown] == ["p0", "p1", "p2", "plain"]
    assert {tuple(models) for _, models in shown} == {("bicubic", "stand-in")}
    alone = [run(Bicubic(2), TWO, folder), run(Network(model), TWO, folder)]
    assert [r.means("psnr") for r in both] == [r.means("psnr") for r in alone]


def test_a_picture_that_one_candidate_fails_on_counts_for_the_others(folder, model, tmp_path):
    made = tmp_path / "theirs"
    made.mkdir()
    Image.fromarray(pairs(folder, TWO)["p1"].hr).save(made / "p1.png")
    measurements = [Measurement(Pictures(made, 2), TWO), Measurement(Network(model), TWO)]
    told: list[str] = []
    theirs, ours = Benchmark(
        measurements, lambda done, total, words: told.append(f"{done} of {total} {words}")
    ).run([open_set(str(folder), TWO)])
    assert [score.picture for score in theirs.scores] == ["p1"]
    assert len(ours.scores) == 4
    assert told[:2] == ["1 of 4 mine p0 FAILED", "2 of 4 mine p1"]


def test_a_changed_lr_file_is_measured_again(folder, model, tmp_path):
    (folder / "LR").mkdir()
    rules = Rules(scale=2, lr="LR")

    def save(name: str, divisor: int = 1) -> None:
        lr = made[name].lr
        Image.fromarray(np.asarray(lr // divisor)).save(folder / "LR" / f"{name}.png")

    def measure():
        log = ScoreLog(tmp_path / "scores.jsonl", SUBJECT)
        return run(Network(model), rules, folder, log=log)

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
    plain = run(Network(model), TWO, folder)
    assert differences(plain, second)[0].n == 4  # of the same HR, whatever the LR


def test_a_metric_that_can_be_had_by_now_is_measured(folder, model, tmp_path, monkeypatch):
    rules = Rules(scale=2, perceptual=("lpips",))

    def measure():
        log = ScoreLog(tmp_path / "scores.jsonl", SUBJECT)
        return run(Network(model), rules, folder, log=log).sets[0].mean("lpips")

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
    keep = tmp_path / "pictures"

    def measure() -> None:
        log = ScoreLog(tmp_path / "scores.jsonl", SUBJECT)
        run(Network(model), TWO, folder, log=log, saved=SavedPictures(keep))

    measure()
    (keep / "mine" / "p2.png").unlink()
    (keep / "mine" / "p1.png").write_bytes((keep / "mine" / "p1.png").read_bytes()[:200])
    measure()
    assert model.calls == 6
    assert len(list((keep / "mine").iterdir())) == 4
    measure()
    assert model.calls == 6


def test_an_infinite_psnr_is_json(folder, tmp_path):
    hr = folder / "HR"
    result = run(Pictures(hr, 1, "itself"), Rules(scale=1), folder)
    document = as_json(result)
    assert document["sets"][0]["mean"]["psnr"] == "inf"
    json.dumps(document, allow_nan=False)


def test_the_scale_is_the_models(model):
    with pytest.raises(ValueError, match="scale must be the model's, 2, got 4"):
        Measurement(Network(model), Rules(scale=4))


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
