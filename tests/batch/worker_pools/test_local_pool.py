from pathlib import Path

from job_files import make_spec

from hatsr.batch.database.job_database import JobDatabase
from hatsr.batch.database.records import PictureRecord
from hatsr.batch.worker_pools.coordinator import Coordinator
from hatsr.batch.worker_pools.local_pool import LocalPool
from hatsr.batch.worker_pools.worker_pool import work


def test_workers_that_cannot_begin_end_the_work(tmp_path: Path) -> None:
    spec = make_spec(tmp_path, tmp_path, str(tmp_path / "gone.safetensors"), max_pixels=100)
    told: list[PictureRecord | None] = []
    with JobDatabase(tmp_path, create=True) as database:
        database.plan(PictureRecord(source="a.png", target="a_x2.png", bytes=1, mtime=1))
        with LocalPool(spec, Coordinator(database, told.append), 1) as pool:
            stopped = work(pool)
        assert database.counts()["waiting"].pictures == 1
    assert stopped == "a worker ended before it began, with code 1"
    assert set(told) == {None}
