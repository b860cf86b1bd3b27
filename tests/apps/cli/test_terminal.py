import re
from pathlib import Path

import pytest

from hatsr.apps.cli.terminal import PictureBars, TrainingBar, counting, show
from hatsr.batch import Found, Outcome, PictureFile
from hatsr.evaluation import Table

NAME = "a[red]b[/nothing]:smile:.png"


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "200")


def plain(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", text)


@pytest.mark.usefixtures("terminal")
def test_names_in_bars_are_no_markup(capsys: pytest.CaptureFixture[str]) -> None:
    with counting(NAME) as update:
        update(1, 2, f"second {NAME}")
    assert f"{NAME} second {NAME}" in plain(capsys.readouterr().err)
    path = Path(NAME.replace("/", ""))
    with PictureBars(lambda outcome: f"line of {NAME}", quiet=False) as bars:
        bars.begin(Found((PictureFile(path),), {}))
        bars.tell(path, 0.5)
        bars.progress.refresh()
        assert path.name in plain(capsys.readouterr().err)
        bars.report(Outcome(source=path, target=None, status="skipped"))
    assert f"line of {NAME}" in plain(capsys.readouterr().err)


@pytest.mark.usefixtures("terminal")
def test_names_in_tables_are_no_markup(capsys: pytest.CaptureFixture[str]) -> None:
    show(Table(title=f"title {NAME}", header=(f"{NAME}h",), rows=((f"{NAME}r",),)))
    said = plain(capsys.readouterr().out)
    assert [said.count(f"{NAME}{end}") for end in ("h", "r")] == [1, 1]


@pytest.mark.usefixtures("terminal")
def test_words_of_a_training_run_are_no_markup(capsys: pytest.CaptureFixture[str]) -> None:
    progress = TrainingBar()
    progress({"event": "start", "step": 0, "iterations": 2})
    progress({"event": "note", "step": 1, "text": f"note {NAME}"})
    progress({"event": "end", "step": 2, "reason": f"end {NAME}"})
    progress.close()
    said = plain(capsys.readouterr().out)
    assert f"note {NAME}" in said
    assert f"end {NAME}" in said
