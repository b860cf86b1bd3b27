from collections.abc import Callable
from pathlib import Path

import pytest

from hatsr.apps.enlarging.picture_bars import JobBar, PictureBars
from hatsr.batch import FoundPictures, Outcome, PictureFile, PictureRecord

NAME = "a[red]b[nothing]:smile:.png"
PICTURE = Path(NAME)


def go_through(picture: Path) -> PictureBars:
    """One picture, left out, under bars."""
    with PictureBars(lambda outcome: f"line of {NAME}", quiet=False) as bars:
        bars.begin(FoundPictures((PictureFile(picture),), {}))
        bars.tell(picture, 0.5)
        bars.progress.refresh()
        bars.report(Outcome(source=picture, target=None, status="skipped"))
    return bars


def test_names_in_bars_are_no_markup(on_terminal: Callable[[], str]) -> None:
    go_through(PICTURE)
    said = on_terminal()
    assert f"line of {NAME}" in said
    assert said.replace(f"line of {NAME}", "").count(NAME) >= 1


def test_a_pipe_gets_lines_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert [each.status for each in go_through(PICTURE).outcomes] == ["skipped"]
    assert capsys.readouterr() == ("", f"line of {NAME}\n")


def test_a_job_tells_a_pipe_nothing_but_failures(capsys: pytest.CaptureFixture[str]) -> None:
    with JobBar(quiet=False) as bar:
        bar.planning(3)
        assert capsys.readouterr() == ("", "")
        facts = {"target": None, "bytes": 1, "mtime": 1, "state": "failed"}
        for source, reason in (
            ("a.png", "b.png already goes to a_x2.png"),
            ("sub/[b].png", "/in/sub/[b].png: file is empty"),
            ("two\nlines \x1b[31mred.png", "there is none"),
        ):
            bar.failed(PictureRecord(source=source, reason=reason, **facts))
    assert capsys.readouterr() == (
        "",
        "FAILED a.png: b.png already goes to a_x2.png\n"
        "FAILED /in/sub/[b].png: file is empty\n"
        "FAILED two\\nlines \\x1b[31mred.png: there is none\n",
    )
