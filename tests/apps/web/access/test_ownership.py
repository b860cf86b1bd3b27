import json
from pathlib import Path

import pytest
from web_tasks import Hang

from hatsr.apps.web.access.ownership import Ownership
from hatsr.apps.web.limits import Limits
from hatsr.apps.web.queue.job_queue import JobQueue


@pytest.fixture
def ownership(tmp_path: Path) -> Ownership:
    results, uploads = tmp_path / "jobs", tmp_path / "uploads"
    results.mkdir()
    uploads.mkdir()
    (tmp_path / "example.jpg").touch()
    limits = Limits(memory=4 * 10**9, kept_bytes=250)
    return Ownership(JobQueue(results, limits), uploads, (tmp_path / "example.jpg",))


def upload(ownership: Ownership, owner: str, size: int = 100) -> Path:
    file = ownership.place(owner, "photo.png")
    file.write_bytes(b"x" * size)
    return file


def test_uploads_are_their_owners(ownership: Ownership) -> None:
    file = upload(ownership, "me")
    assert ownership.may_read("me", str(file))
    assert not ownership.may_read("you", str(file))
    assert not ownership.may_read("", str(file))
    assert not ownership.may_read("me", str(file.parent))
    assert ownership.may_read("", str(ownership.everyones[0]))


def test_results_are_their_owners(ownership: Ownership) -> None:
    job = ownership.jobs.submit("me", "photo", lambda folder: Hang())
    (job.folder / "a.png").touch()
    assert ownership.may_read("me", f"{job.folder}/a.png")
    assert not ownership.may_read("you", f"{job.folder}/a.png")
    ownership.jobs.forget(job)
    assert not ownership.may_read("me", f"{job.folder}/a.png")


@pytest.mark.parametrize(
    "path", ["/etc/passwd", "/dev/zero", "http://127.0.0.1/x.png", "\0", "", "x" * 5000]
)
def test_nothing_else_is_anyones(ownership: Ownership, path: str) -> None:
    assert not ownership.may_read("me", path)


@pytest.mark.parametrize(
    "data",
    [
        [{"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}}],
        [[{"deep": [{"path": "http://example.org/x.png"}]}]],
        [{"path": None}],
        [{"url": "data:image/png;base64,AAAA"}],
    ],
)
def test_events_name_no_other_files(ownership: Ownership, data: list[object]) -> None:
    event = json.dumps({"data": data, "fn_index": 0}).encode()
    with pytest.raises(ValueError, match="picture must be one that you have uploaded"):
        ownership.check_event("me", event)


def test_events_name_own_files(ownership: Ownership) -> None:
    file = upload(ownership, "me")
    event = json.dumps({"data": [{"path": str(file), "url": f"http://here/{file}"}, "text"]})
    ownership.check_event("me", event.encode())
    ownership.check_event("me", b"")
    for bad in (b"{", b"[" * 10**5):
        with pytest.raises(ValueError, match="an event must be JSON"):
            ownership.check_event("me", bad)


def test_the_oldest_uploads_go(ownership: Ownership) -> None:
    files = [upload(ownership, "me") for _ in range(4)]
    (ownership.uploads / "tmp123").touch()
    ownership.remove_oldest()
    assert [file.exists() for file in files] == [False, False, True, True]
    assert sorted(ownership.uploads.iterdir()) == sorted(file.parent for file in files[2:])
    assert not ownership.may_read("me", str(files[0]))


def test_empty_uploads_are_counted(tmp_path: Path) -> None:
    limits = Limits(memory=4 * 10**9, kept_uploads=2)
    ownership = Ownership(JobQueue(tmp_path, limits), tmp_path)
    files = [upload(ownership, "me", 0) for _ in range(4)]
    ownership.remove_oldest()
    assert [file.exists() for file in files] == [False, False, True, True]
