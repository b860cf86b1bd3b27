from pathlib import Path

import pytest

from hatsr.evaluation.log import ScoreLog
from hatsr.evaluation.results import Score

SUBJECT = {"model": "stand-in"}

SCORE = Score(data="mine", picture="p", hr="0", psnr=30.0, ssim=0.9, psnr_rgb=29.0, ssim_rgb=0.8)


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
