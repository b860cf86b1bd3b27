"""What a worker says of tasks that go wrong."""

from pathlib import Path

import pytest
from web_jobs import Open, put, until_over
from web_tasks import Blunder, Die, Fill, Hoard

web = pytest.mark.web


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
