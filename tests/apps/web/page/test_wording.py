import re
from dataclasses import replace
from pathlib import Path

import pytest
from web_tasks import Hang

from hatsr.apps.web.limits import Limits
from hatsr.apps.web.page import wording
from hatsr.apps.web.queue.job_queue import JobQueue
from hatsr.apps.web.queue.web_job import WebJob
from hatsr.apps.web.work.upscale_task import UpscaleTaskResult
from hatsr.apps.web.work.work_process import Failed, Finished

DONE = UpscaleTaskResult(
    file="result/a_x2.png", before="", after="", model="hat-t-x2", reason="a clean picture",
    lr_size=(12, 10), sr_size=(24, 20), seconds=1.26, notes="",
)  # fmt: skip


@pytest.fixture
def jobs(tmp_path: Path) -> JobQueue:
    """A queue that nobody works on."""
    return JobQueue(tmp_path, Limits(memory=4 * 10**9))


def put(jobs: JobQueue, title: str = "a.png") -> WebJob:
    return jobs.submit("me", title, lambda folder: Hang())


def words(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0.0, "1 s"),
        (1.4, "1 s"),
        (89.4, "89 s"),
        (90.0, "2 min"),
        (150.1, "3 min"),
        (5399.0, "90 min"),
        (5400.0, "1.5 h"),
        (36000.0, "10.0 h"),
    ],
)
def test_durations(seconds: float, told: str) -> None:
    assert wording.duration(seconds) == told


def test_the_states_of_a_job(jobs: JobQueue) -> None:
    first, second, third = (put(jobs) for _ in range(3))
    assert wording.state_of(jobs, first) == "waiting, 1 job before it"
    assert jobs.take() is first
    assert wording.state_of(jobs, first) == "starting"
    assert wording.state_of(jobs, third) == "waiting, 2 jobs before it"
    first.fraction, first.started, first.ended = 0.25, 10.0, 40.0
    assert wording.state_of(jobs, first) == "25 %, about 2 min left"
    first.fraction = 0.01
    assert wording.state_of(jobs, first) == "1 %"
    jobs.end(first, Finished(DONE))
    first.ended = 40.0
    assert wording.state_of(jobs, first) == "done in 30 s"
    assert jobs.take() is second
    jobs.end(second, Failed("a.png: file is empty"))
    assert wording.state_of(jobs, second) == "failed: file is empty"
    jobs.cancel(third)
    assert wording.state_of(jobs, third) == "cancelled"


def test_one_bar_for_all_of_several_jobs(jobs: JobQueue) -> None:
    listed = [put(jobs, f"{name}.png") for name in "abcd"]
    for outcome in (Finished(DONE), Failed("no")):
        job = jobs.take()
        assert job is not None
        jobs.end(job, outcome)
    jobs.cancel(listed[3])
    listed[2].fraction = 0.5
    told = wording.status(jobs, listed)
    assert 'max="100" value="88"' in told  # three are over, half of one is done
    assert "1 of 4 done, 1 failed, 1 cancelled" in words(told)
    assert re.findall(r'<li class="(\w+)">', told) == ["done", "failed", "waiting", "cancelled"]
    jobs.cancel(listed[2])
    assert "<progress" not in wording.status(jobs, listed)


def test_one_job_alone_is_not_counted(jobs: JobQueue) -> None:
    told = wording.status(jobs, [put(jobs, "photo.png")])
    assert 'value="0" aria-label="photo.png"' in told
    assert words(told) == "0 % · photo.png : waiting, 1 job before it"


def test_names_are_never_taken_for_html(jobs: JobQueue) -> None:
    name = "<img src=x onerror='a'>&.png"
    job = put(jobs, name)
    shown = [wording.status(jobs, [job]), wording.status(jobs, [job, put(jobs)])]
    assert jobs.take() is job
    jobs.end(job, Failed(f"{name} is <b>bad</b>"))
    shown += [wording.status(jobs, [job]), wording.facts(name, DONE), wording.problem(name)]
    shown += [wording.empty(name), wording.chosen("a", name, ""), wording.table([(name, name)])]
    for html in shown:
        assert "<img" not in html
        assert "<b>bad" not in html
        assert "&lt;img src=x onerror=&#x27;a&#x27;&gt;&amp;.png" in html


def test_facts_of_a_result_have_width_first(jobs: JobQueue) -> None:
    assert words(wording.facts("a.png", DONE)) == (
        "Picture a.png Size 10 × 12 → 20 × 24 pixels Model hat-t-x2, a clean picture Time 1.3 s "
        "Note everything the file carries was kept"
    )
    assert "Note EXIF is left out" in words(
        wording.facts("a.png", replace(DONE, notes="EXIF is left out"))
    )
    job = put(jobs)
    job.result = DONE
    assert wording.listed(job) == "a.png → a_x2.png, 20 × 24, hat-t-x2"


def test_what_to_do_next() -> None:
    assert words(wording.chosen(["a.png"], "Press it.", "Choose.")) == "Press it."
    assert words(wording.chosen(None, "Press it.", "Choose.")) == "Nothing here yet. Choose."
