from pathlib import Path
from typing import Any

import pytest

from hatsr.batch.database.job_database import JobDatabase
from hatsr.batch.database.records import PictureRecord
from hatsr.batch.status import JobProgress, Status


def record(name: str, side: int, **more: Any) -> PictureRecord:
    facts = {"bytes": 1, "mtime": 1, "height": side, "width": side, **more}
    return PictureRecord(source=name, target=f"{name}_x2", **facts)


def test_time_left_goes_from_what_is_expected_to_what_is_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 100.0
    monkeypatch.setattr("time.perf_counter", lambda: now)
    told: list[Status] = []
    with JobDatabase(tmp_path, create=True) as database:
        for i in range(10):
            database.plan(record(str(i), 100))
        pace = JobProgress(database, told.append)
        pace.expect(1000.0)
    pace.report(None)
    assert told[-1].seconds_left == pytest.approx(100)  # 10 x 100^2 pixels at 1000 a second
    now += 90
    pace.report(record("0", 100, state="done"))
    # 1e4 in 90 s, and 1e4 expected in the first 10 s, are 200 a second
    assert told[-1].seconds_left == pytest.approx(9e4 / 200)
    assert told[-1].pictures_per_second == 1 / 90
    assert told[-1].megapixels_per_second == 0.01 / 90
    assert (told[-1].of("done"), told[-1].left, pace.left) == (1, 9, 9)
