import time
from pathlib import Path

import pytest
from web_jobs import Open, put, until_over
from web_tasks import Hang

from hatsr.apps.web.limits import BusyError
from hatsr.apps.web.work.upscale_task import UpscaleTask

web = pytest.mark.web


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
