from pathlib import Path

import numpy as np
import pytest
import torch
from judged import pairs, run
from PIL import Image

from hatsr.evaluation.benchmark import Benchmark, ignore
from hatsr.evaluation.benchmark_pairs import read_codes
from hatsr.evaluation.candidates import BicubicCandidate, FolderCandidate, NetworkCandidate
from hatsr.evaluation.log import ScoreLog
from hatsr.evaluation.measurement import Measurement
from hatsr.evaluation.metrics import psnr, ssim
from hatsr.evaluation.results import EvaluationSettings
from hatsr.evaluation.sets.folders import find_sets, open_set
from hatsr.resize import imresize

TWO = EvaluationSettings(scale=2)
SUBJECT = {"model": "stand-in"}

PUBLISHED = {"Set5": (33.66, 30.39, 28.42), "Set14": (30.24, 27.55, 26.00)}

"""Bicubic at x2, x3, x4, protocols.md section 3."""


def test_scores_follow_the_protocol(folder, model):
    result = run(NetworkCandidate(model), TWO, folder)
    (only,) = result.sets
    assert only.comparable
    for score in only.scores:
        pair = pairs(folder, TWO)[score.picture]
        lr = np.moveaxis(pair.lr, 2, 0)[None].astype(np.float32) / np.float32(255)
        raw = model.upscale_tensor(torch.from_numpy(lr))[0].numpy().transpose(1, 2, 0)
        sr = np.rint(raw.clip(0, 1) * np.float32(255)).astype(np.uint8)
        assert score.psnr == psnr(sr, pair.hr, crop=2)
        assert score.ssim_rgb == ssim(sr, pair.hr, crop=2, channel="rgb")
        assert score.gray == (score.picture == "plain")
        assert score.seconds
    assert only.mean("psnr") == pytest.approx(np.mean([s.psnr for s in only.scores]))


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("name", PUBLISHED)
def test_bicubic_rows_of_the_field(bench, name, scale):
    rules = EvaluationSettings(scale=scale, gray_as_is=True)
    sets, _ = find_sets([name], bench, rules)
    (result,) = Benchmark([Measurement(BicubicCandidate(scale), rules)]).run(sets)
    assert result.means("psnr")[name] == pytest.approx(PUBLISHED[name][scale - 2], abs=0.02)


def test_gray_pictures(folder):
    as_rgb, as_is = (
        run(BicubicCandidate(2), rules, folder)
        for rules in (TWO, EvaluationSettings(scale=2, gray_as_is=True))
    )
    gaps = {a.picture: a.psnr - b.psnr for a, b in zip(as_rgb.scores, as_is.scores, strict=True)}
    assert gaps.pop("plain") == pytest.approx(20 * np.log10(255 / 219))
    assert set(gaps.values()) == {0.0}
    assert "plain is gray and read as RGB" in as_rgb.sets[0].gray(TWO)[0]


def test_one_bad_picture_costs_only_itself(folder, tmp_path):
    made = tmp_path / "theirs"
    made.mkdir()
    for name, pair in list(pairs(folder, TWO).items())[1:]:
        sr = imresize(pair.lr, 2)
        Image.fromarray(sr if name != "p1" else sr[:-2]).save(made / f"{name}.png")
    (only,) = run(FolderCandidate(made, 2), TWO, folder).sets
    assert [score.picture for score in only.scores] == ["p2", "plain"]
    assert not only.comparable
    assert "there is no picture of 'p0'" in only.failures["p0"]
    assert "sr must have the shape of hr" in only.failures["p1"]


def test_a_stopped_run_goes_on(folder, model, tmp_path):
    path = tmp_path / "out" / "scores.jsonl"

    def stop(done: int, total: int, words: str) -> None:
        assert total == 4
        if words == "mine p1":
            raise KeyboardInterrupt

    def measure(progress=ignore):
        return run(NetworkCandidate(model), TWO, folder, progress, log=ScoreLog(path, SUBJECT))

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
    measurements = [
        Measurement(BicubicCandidate(2), TWO),
        Measurement(NetworkCandidate(model), TWO),
    ]
    watcher = Benchmark(
        measurements, watcher=lambda pair, made: shown.append((pair.name, list(made)))
    )
    both = watcher.run([open_set(str(folder), TWO)])
    assert opened == ["p0.png", "p1.png", "p2.png", "plain.png"]
    assert [name for name, _ in shown] == ["p0", "p1", "p2", "plain"]
    assert {tuple(models) for _, models in shown} == {("bicubic", "stand-in")}
    alone = [run(BicubicCandidate(2), TWO, folder), run(NetworkCandidate(model), TWO, folder)]
    assert [r.means("psnr") for r in both] == [r.means("psnr") for r in alone]


def test_a_picture_that_one_candidate_fails_on_counts_for_the_others(folder, model, tmp_path):
    made = tmp_path / "theirs"
    made.mkdir()
    Image.fromarray(pairs(folder, TWO)["p1"].hr).save(made / "p1.png")
    measurements = [
        Measurement(FolderCandidate(made, 2), TWO),
        Measurement(NetworkCandidate(model), TWO),
    ]
    told: list[str] = []
    theirs, ours = Benchmark(
        measurements, lambda done, total, words: told.append(f"{done} of {total} {words}")
    ).run([open_set(str(folder), TWO)])
    assert [score.picture for score in theirs.scores] == ["p1"]
    assert len(ours.scores) == 4
    assert told[:2] == ["1 of 4 mine p0 FAILED", "2 of 4 mine p1"]
