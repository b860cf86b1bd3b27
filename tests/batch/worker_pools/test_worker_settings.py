"""How many workers a job has, with how many threads."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from job_files import make_net, make_spec
from tiny import tiny

from hatsr.batch.database.job_database import JobDatabase
from hatsr.batch.database.records import PictureRecord
from hatsr.batch.worker_pools.local_pool import LocalPool
from hatsr.batch.worker_pools.worker_settings import (
    WorkerSettings,
    default_workers,
    measured_rate,
    open_pool,
    share_out,
)
from hatsr.inference.loading import load
from hatsr.inference.settings import Settings
from hatsr.inference.upscaler import Upscaler


def test_as_many_workers_as_the_memory_lets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    upscaler = load(make_net(tmp_path), device="cpu")
    monkeypatch.setattr("hatsr.batch.worker_pools.worker_settings.processors", lambda: 8)
    need = upscaler.bytes_needed(100, 102)
    assert need == upscaler.bytes_needed(100, 104)  # windows of 4
    assert default_workers(upscaler, (100, 102), 3 * need) == 3
    assert default_workers(upscaler, (100, 102), 99 * need) == 8
    assert default_workers(upscaler, (100, 102), need // 2) == 1
    assert measured_rate(upscaler, 1) > 0


@pytest.mark.parametrize(
    ("worker_settings", "count", "side", "shares"),
    [
        (WorkerSettings(), 100, 64, (16, 1)),
        (WorkerSettings(), 100, 512, (2, 8)),  # threads share large pictures
        (WorkerSettings(), 9, 64, (3, 5)),  # three pictures for each
        (WorkerSettings(), 1, 64, (1, 16)),
        (WorkerSettings(threads=4), 100, 64, (4, 4)),
        (WorkerSettings(workers=5), 100, 512, (5, 3)),
        (WorkerSettings(workers=3, threads=2), 100, 64, (3, 2)),
        (WorkerSettings(engine="ray"), 100, 512, (0, 1)),
    ],
)
def test_cores_are_shared_out(
    worker_settings: WorkerSettings,
    count: int,
    side: int,
    shares: tuple[int, int],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    upscaler = load(make_net(tmp_path), device="cpu")
    monkeypatch.setattr("hatsr.batch.worker_pools.worker_settings.processors", lambda: 16)
    with JobDatabase(tmp_path, create=True) as database:
        for i in range(count):
            name, target = f"{i}.png", f"{i}_x2.png"
            record = PictureRecord(
                source=name, target=target, bytes=1, mtime=1, height=side, width=side
            )
            database.plan(record)
        assert share_out(worker_settings, upscaler, database, 10**12) == shares


@pytest.mark.parametrize(("device", "workers"), [("cpu", 4), ("meta", 1)])
def test_one_worker_for_another_device(
    device: str, workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hatsr.batch.worker_pools.worker_settings.processors", lambda: 4)
    upscaler = Upscaler(tiny(), "tiny", Settings(device="cpu"))
    upscaler.settings = replace(upscaler.settings, device=device)
    assert default_workers(upscaler, (0, 0), 10**12) == workers


def test_gpus_for_each_worker_go_with_a_cluster() -> None:
    assert WorkerSettings(engine="ray", gpus=0.5).gpus == 0.5
    with pytest.raises(ValueError, match=r"must go with the engine ray, got 0\.5 for local"):
        WorkerSettings(gpus=0.5)


def test_measuring_leaves_the_threads_as_they_were() -> None:
    before = torch.get_num_threads()
    assert measured_rate(Upscaler(tiny(), "tiny", Settings(device="cpu")), before + 1) > 0
    assert torch.get_num_threads() == before


def test_a_pool_of_processes_is_not_yet_started(tmp_path: Path) -> None:
    spec = make_spec(tmp_path, tmp_path, max_pixels=100)
    with JobDatabase(tmp_path, create=True) as database:
        pool = open_pool(WorkerSettings(), 3, spec, database, lambda _: None)
        assert isinstance(pool, LocalPool)
        assert (pool.count, pool.is_at_work(), pool.coordinator.database) == (3, False, database)
