from collections.abc import Callable

import pytest

from hatsr.apps.learning.training_bar import TrainingBar

NAME = "a[red]b[/nothing]:smile:.png"


def go(progress: TrainingBar) -> None:
    """Two steps."""
    progress({"event": "start", "step": 0, "iterations": 2})
    progress({"event": "note", "step": 1, "text": f"note {NAME}"})
    progress({"event": "validation", "step": 1, "psnr_y": 30.0, "best": 30.0})
    progress({"event": "validation", "step": 2, "psnr_y": 29.5, "best": 30.0})
    progress({"event": "end", "step": 2, "reason": f"end {NAME}"})
    progress.close()


def test_words_of_a_training_run_are_no_markup(on_terminal: Callable[[], str]) -> None:
    go(TrainingBar())
    said = on_terminal()
    assert f"note {NAME}" in said
    assert f"end {NAME}" in said


def test_a_pipe_gets_a_line_for_each_event(capsys: pytest.CaptureFixture[str]) -> None:
    go(TrainingBar())
    assert capsys.readouterr().out.splitlines() == [
        f"       1  note {NAME}",
        "       1  validation 30.000 dB  (best)",
        "       2  validation 29.500 dB  (best 30.000)",
    ]
