import shutil
from pathlib import Path

import pytest
from web_jobs import Open, put, until_over, until_running
from web_tasks import Die, Hang

pytestmark = pytest.mark.web


def test_without_a_worker_jobs_fail_until_one_starts(
    open_limited: Open, models: Path, small: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    service = open_limited()
    folder = Path(shutil.copytree(models, tmp_path / "models"))
    service.dispatcher.supervisor.models = folder
    folder.rename(tmp_path / "moved")
    jobs = service.jobs
    first, second = (jobs.submit("me", "bad", lambda _: Die()) for _ in range(2))
    assert "the work has ended by itself" in until_over(first).failure.message  # type: ignore[union-attr]
    failure = until_over(second).failure
    assert failure is not None
    assert failure.fault == "broken"
    assert failure.message.startswith("the worker did not start (exit code 1); try again later")
    (tmp_path / "moved").rename(folder)
    assert until_over(jobs.submit("me", "in", put(small))).state == "done"
    assert "the worker did not start (exit code 1)" in capfd.readouterr().err


def test_progress_reaches_the_job_and_one_runs_at_a_time(open_limited: Open, slow: Path) -> None:
    jobs = open_limited().jobs
    one = until_running(jobs.submit("me", "slow", put(slow, "hat-t-x2")))
    other = jobs.submit("you", "hang", lambda _: Hang(0.1))
    seen = {one.fraction}
    while not one.over and len(seen) < 4:
        assert other.state == "waiting"
        seen.add(one.fraction)
    assert len(seen) >= 4
    assert all(0 <= fraction <= 1 for fraction in seen)
    jobs.cancel(one)
    assert until_over(one).state == "cancelled"
    assert until_over(other).state == "done"
