import time
from pathlib import Path

import pytest
from web_tasks import Hang

from hatsr.apps.web.queue.web_job import JobState, WebJob


def job(folder: Path = Path(), **facts: object) -> WebJob:
    given = {"name": "a", "owner": "me", "page": "", "title": "photo", "task": Hang()}
    return WebJob(**(given | {"folder": folder} | facts))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("state", "over"),
    [
        ("waiting", False),
        ("running", False),
        ("done", True),
        ("failed", True),
        ("cancelled", True),
    ],
)
def test_what_is_over_stays_as_it_is(state: JobState, over: bool) -> None:
    assert job(state=state).over is over


def test_seconds_are_counted_from_the_start_to_the_end() -> None:
    assert job().seconds == 0
    assert job(ended=70.0).seconds == 0  # cancelled before it began
    assert job(started=20.0, ended=70.0).seconds == 50
    assert job(started=time.monotonic() - 30).seconds == pytest.approx(30, abs=5)


@pytest.mark.parametrize(
    ("state", "fraction", "left"),
    [
        ("running", 0.25, 90),  # 30 s for a quarter
        ("running", 0.75, 10),
        ("running", 1.0, 0),
        ("running", 0.0, None),
        ("running", 0.019, None),
        ("waiting", 0.5, None),
        ("done", 0.5, None),
    ],
)
def test_the_time_left_is_as_that_so_far(
    state: JobState, fraction: float, left: float | None
) -> None:
    found = job(state=state, fraction=fraction, started=10.0, ended=40.0).seconds_left
    assert found == (None if left is None else pytest.approx(left))


def test_files_are_counted_at_every_depth(tmp_path: Path) -> None:
    (tmp_path / "source" / "deep").mkdir(parents=True)
    (tmp_path / "a.png").write_bytes(bytes(5))
    (tmp_path / "source" / "deep" / "b.png").write_bytes(bytes(7))
    assert job(tmp_path).bytes == 12
    assert job(tmp_path / "gone").bytes == 0
