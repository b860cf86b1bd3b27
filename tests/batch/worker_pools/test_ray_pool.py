"""Jobs on a cluster of Ray, and on a real server of an object store; make test-ray."""

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from job_files import (
    break_pictures,
    expected,
    make_job,
    make_net,
    make_pictures,
    make_spec,
    results,
    start,
)

from hatsr.batch import Status, WorkerSettings, run_job
from hatsr.batch.database.job_database import JobDatabase
from hatsr.batch.database.records import PictureRecord
from hatsr.batch.worker_pools.coordinator import Coordinator
from hatsr.batch.worker_pools.ray_pool import RayPool
from hatsr.batch.worker_pools.worker_pool import work

pytestmark = [pytest.mark.ray, pytest.mark.filterwarnings("default")]
PATIENCE = 600
"""Seconds that a process may take on a busy machine."""


class Silent:
    def planning(self, count: int) -> None: ...

    def failed(self, record: PictureRecord) -> None: ...

    def working(self, status: Status) -> None: ...


@pytest.fixture
def net(tmp_path: Path) -> str:
    return make_net(tmp_path)


def actors(job: subprocess.Popen[str]) -> list[psutil.Process]:
    """The processes of workers; Ray starts them, but not as children of the job."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        if "ray::RayWorker" in " ".join(process.info["cmdline"] or []):
            parents = {parent.pid for parent in process.parents()}
            found += [process] if job.pid in parents else []
    return found


def test_a_worker_that_is_killed_twice_costs_nothing(net: str, tmp_path: Path) -> None:
    source, out = make_pictures(tmp_path / "in", 40, side=40), tmp_path / "out"
    broken = break_pictures(source)
    right = expected(source, net, tmp_path / "right")
    job = start(source, out, net, "--engine", "ray", "--workers", "2")
    for done in (2, 12):
        while len(results(out)) < done and job.poll() is None:
            time.sleep(0.01)
        victims = actors(job)
        assert victims, job.communicate()
        victims[0].kill()
    printed, _ = job.communicate(timeout=PATIENCE)
    assert job.returncode == 1, printed
    assert results(out) == right
    assert not [path for path in out.rglob("*") if path.name.endswith(".part")]
    with JobDatabase(out) as database:
        assert {record.source for record in database.records("failed")} == broken
        assert database.counts()["done"].pictures == 40


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A bucket on a server of this machine."""
    import fsspec
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    for name, value in {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "tester",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    fsspec.get_filesystem_class("s3").clear_instance_cache()  # those of another test's server
    fsspec.url_to_fs("s3://pictures")[0].makedirs("pictures", exist_ok=True)
    yield "s3://pictures"
    server.stop()


@pytest.mark.parametrize("engine", ["ray", "local"])
def test_from_a_store_to_a_store(engine: str, bucket: str, net: str, tmp_path: Path) -> None:
    import fsspec

    source = make_pictures(tmp_path / "in", 8)
    broken = break_pictures(source)
    right = expected(source, net, tmp_path / "right")
    files, _ = fsspec.url_to_fs(bucket)
    files.put(f"{source}/", f"pictures/{engine}/in/", recursive=True)
    options = (f"{bucket}/{engine}/in", tmp_path / "out", net)
    more = ("--results", f"{bucket}/{engine}/large", "--engine", engine, "--workers", "1")
    job = start(*options, *more)
    printed, _ = job.communicate(timeout=PATIENCE)
    assert job.returncode == 1, printed
    files.invalidate_cache()
    prefix = f"pictures/{engine}/large/"
    made = {name.removeprefix(prefix): files.cat_file(name) for name in files.find(prefix)}
    assert made == right
    with JobDatabase(tmp_path / "out") as database:
        assert {record.source for record in database.records("failed")} == broken
    assert f"s3://pictures/{engine}/in/empty.png: file is empty" in printed
    again = start(*options, *more)
    printed, _ = again.communicate(timeout=PATIENCE)
    assert printed.strip().startswith(f"8 done, {len(broken)} failed"), printed
    with JobDatabase(tmp_path / "out") as database:
        assert {record.attempts for record in database.records("done")} == {1}


def test_workers_that_cannot_begin_end_the_work(tmp_path: Path) -> None:
    spec = make_spec(tmp_path, tmp_path, str(tmp_path / "gone.safetensors"), max_pixels=100)
    with (
        JobDatabase(tmp_path, create=True) as database,
        RayPool(spec, Coordinator(database, lambda record: None), 1, 0.0) as pool,
    ):
        assert "a worker could not begin: " in work(pool)


def test_in_python(net: str, tmp_path: Path) -> None:
    source = make_pictures(tmp_path / "in", 4)
    done = run_job(
        source,
        tmp_path / "out",
        make_job(net),
        Silent(),
        worker_settings=WorkerSettings(engine="ray", workers=1),
    )
    assert (done.of("done"), done.left, done.stopped) == (4, 0, "")
    assert results(tmp_path / "out") == expected(source, net, tmp_path / "right")
