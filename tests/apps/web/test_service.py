"""The service as a whole: its networks, its work, its end."""

import threading
from pathlib import Path

import pytest
from web_jobs import Open, put, until_over, until_running
from web_tasks import Hang

from hatsr.apps.web.limits import BusyError
from hatsr.apps.web.work.upscale_task import UpscaleTaskResult

web = pytest.mark.web


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
