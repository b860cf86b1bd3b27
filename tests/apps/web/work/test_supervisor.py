"""A worker that is watched, ended and replaced."""

import time
from pathlib import Path

import pytest
from web_jobs import Open, put, until_over, until_running
from web_tasks import Hang

web = pytest.mark.web


@web
def test_work_that_hears_nothing_is_cancelled_within_a_second(open_limited: Open) -> None:
    jobs = open_limited().jobs
    job = until_running(jobs.submit("me", "hang", lambda _: Hang()))
    waiting = jobs.submit("me", "next", lambda _: Hang())
    begun = time.monotonic()
    jobs.cancel(waiting)
    assert waiting.state == "cancelled"
    jobs.cancel(job)
    until_over(job)
    assert (job.state, job.failure) == ("cancelled", None)
    assert time.monotonic() - begun < 1
    assert not list(jobs.root.iterdir())


@web
def test_work_that_hears_is_cancelled_and_the_worker_stays(
    open_limited: Open, slow: Path, small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hatsr.apps.web.work.supervisor._GRACE", 20.0)
    service = open_limited()
    jobs, supervisor = service.jobs, service.dispatcher.supervisor
    worker = supervisor._process.pid
    job = until_running(jobs.submit("me", "slow", put(slow, "hat-t-x2")))
    jobs.cancel(job)
    assert until_over(job).state == "cancelled"
    assert until_over(jobs.submit("me", "in", put(small))).state == "done"
    assert supervisor._process.pid == worker


@web
def test_work_that_takes_too_long_is_ended(open_limited: Open) -> None:
    jobs = open_limited(seconds=1).jobs
    job = until_over(jobs.submit("me", "hang", lambda _: Hang()))
    assert job.failure is not None
    assert "a job must take at most 1 s here" in job.failure.message
    assert job.seconds < 10


@web
def test_a_worker_that_ends_between_two_jobs_is_replaced(open_limited: Open, small: Path) -> None:
    service = open_limited()
    worker = service.dispatcher.supervisor._process
    worker.kill()
    worker.join()
    assert until_over(service.jobs.submit("me", "in", put(small))).state == "done"
