import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from web_tasks import Blunder, Die, Fill, Hang, Hoard

from hatsr.apps.web.limits import BusyError
from hatsr.apps.web.queue.web_job import WebJob
from hatsr.apps.web.service import Service
from hatsr.apps.web.work.upscale_task import UpscaleTask, UpscaleTaskResult

Open = Callable[..., Service]
web = pytest.mark.web


def until_over(job: WebJob, seconds: float = 60) -> WebJob:
    end = time.monotonic() + seconds
    while not job.over:
        assert time.monotonic() < end, job.state
        time.sleep(0.02)
    return job


def until_running(job: WebJob) -> WebJob:
    while job.state == "waiting":
        time.sleep(0.02)
    return job


def put(picture: Path, model: str = "net.safetensors") -> Callable[[Path], UpscaleTask]:
    def prepare(folder: Path) -> UpscaleTask:
        shutil.copy(picture, folder / "in.png")
        return UpscaleTask(source="in.png", model=model)

    return prepare


@web
def test_a_picture_is_enlarged(open_limited: Open, small: Path) -> None:
    service = open_limited()
    assert [each.name for each in service.ready.models if not each.shipped] == ["net.safetensors"]
    assert [remark.split(" ")[0] for remark in service.ready.remarks] == ["broken.pth"]
    job = until_over(service.jobs.submit("me", "in", put(small)))
    assert job.failure is None
    assert isinstance(job.result, UpscaleTaskResult)
    assert (job.result.lr_size, job.result.sr_size) == ((12, 10), (24, 20))
    assert (job.folder / job.result.file).is_file()
    service.jobs.forget(job)
    assert not list(service.jobs.root.iterdir())


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
def test_whatever_a_job_does_the_next_one_is_done(open_limited: Open, small: Path) -> None:
    jobs = open_limited(memory=1_300_000_000).jobs
    ends = {
        Die(): ("broken", "the work has ended by itself"),
        Hoard(): ("memory", "a job must stay within 1.3GB here"),
        Fill(): ("memory", "No space left on device: 'a.png'"),
        Blunder(): ("broken", "KeyError: 'oh'; this is a fault of hatsr"),
    }
    for task, (fault, message) in ends.items():
        job = until_over(jobs.submit("me", "bad", lambda _, task=task: task))
        assert job.failure is not None
        assert job.failure.fault == fault
        assert message in job.failure.message
    assert until_over(jobs.submit("me", "in", put(small))).state == "done"


@web
def test_work_that_takes_too_long_is_ended(open_limited: Open) -> None:
    jobs = open_limited(seconds=1).jobs
    job = until_over(jobs.submit("me", "hang", lambda _: Hang()))
    assert job.failure is not None
    assert "a job must take at most 1 s here" in job.failure.message
    assert job.seconds < 10


@web
def test_the_queue_has_an_end(open_limited: Open) -> None:
    jobs = open_limited(waiting=3, waiting_per_user=2).jobs
    _, last = [jobs.submit("me", "hang", lambda _: Hang()) for _ in range(2)]
    with pytest.raises(BusyError, match="at most 2 jobs of one user may wait"):
        jobs.submit("me", "hang", lambda _: Hang())
    other = jobs.submit("you", "hang", lambda _: Hang())
    with pytest.raises(BusyError, match="at most 3 jobs may wait"):
        jobs.submit("they", "hang", lambda _: Hang())
    assert jobs.place(other) < jobs.place(last)  # users take turns


@web
def test_old_results_go_when_the_disk_is_full(open_limited: Open, small: Path) -> None:
    jobs = open_limited(kept_bytes=2500).jobs
    done = [until_over(jobs.submit("me", "in", put(small))) for _ in range(3)]
    time.sleep(0.2)
    assert done[-1].folder.exists()
    assert not done[0].folder.exists()
    assert jobs.find(done[0].name) is None


@web
def test_a_closed_tab_frees_its_jobs(open_limited: Open) -> None:
    jobs = open_limited().jobs
    one = jobs.submit("me", "hang", lambda _: Hang(), page="tab 1")
    two = jobs.submit("me", "hang", lambda _: Hang(2), page="tab 2")
    jobs.leave("me", "tab 1")
    assert until_over(one).state == "cancelled"
    assert until_over(two).state == "done"


@web
def test_nobody_ends_the_jobs_of_others(open_limited: Open) -> None:
    jobs = open_limited().jobs
    on_page = jobs.submit("me", "hang", lambda _: Hang(0.5), page="tab 1")
    of_program = jobs.submit("address", "hang", lambda _: Hang(0.5))
    for owner, page in (("you", "tab 1"), ("", "tab 1"), ("address", ""), ("", "")):
        jobs.leave(owner, page)
    jobs.leave("me", "tab 1", UpscaleTask)
    assert [until_over(job).state for job in (on_page, of_program)] == ["done", "done"]


@web
def test_a_worker_that_ends_between_two_jobs_is_replaced(open_limited: Open, small: Path) -> None:
    service = open_limited()
    worker = service.dispatcher.supervisor._process
    worker.kill()
    worker.join()
    assert until_over(service.jobs.submit("me", "in", put(small))).state == "done"


@web
def test_closing_ends_what_runs(open_limited: Open) -> None:
    service = open_limited()
    job = until_running(service.jobs.submit("me", "hang", lambda _: Hang()))
    closing = threading.Thread(target=service.close)
    closing.start()
    closing.join(5)
    assert job.state == "cancelled"
    assert not service.root.exists()
    with pytest.raises(BusyError, match="the server is stopping"):
        service.jobs.submit("me", "late", lambda _: Hang())
