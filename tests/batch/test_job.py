from pathlib import Path

import pytest
from job_files import make_job, make_net

from hatsr.batch.database.job_database import JobDatabase
from hatsr.batch.database.records import PictureRecord
from hatsr.batch.job import Job, _take_up
from hatsr.batch.worker_pools.worker_settings import (
    WorkerSettings,
    default_workers,
    measured_rate,
    share_out,
)
from hatsr.inference.loading import load
from hatsr.inference.settings import Settings


def test_options_tell_other_weights_in_the_same_file(tmp_path: Path) -> None:
    net = make_net(tmp_path)
    before = make_job(net).options()
    assert make_job(net).options() == before
    data = bytearray(Path(net).read_bytes())
    data[-1] ^= 1
    Path(net).write_bytes(data)
    changed = {key for key, value in make_job(net).options().items() if before[key] != value}
    assert changed == {"weights"}


def test_weights_that_are_chosen_by_the_picture_are_all_told() -> None:
    names: list[str | None] = [None, "hat-t-x4", "hat-t-real-x4"]
    digests = {Job(model=name).options()["weights"] for name in names}
    assert len(digests) == 3


def test_a_job_goes_on_only_as_it_was_begun(tmp_path: Path) -> None:
    net = make_net(tmp_path)
    with JobDatabase(tmp_path, create=True) as database:
        assert _take_up(database, tmp_path, make_job(net)) == 10**9
        assert _take_up(database, tmp_path, make_job(net, existing="overwrite")) == 10**9
        with pytest.raises(ValueError, match=r"with other options \(quality None -> 50\)"):
            _take_up(database, tmp_path, make_job(net, quality=50))
        with pytest.raises(ValueError, match=r"with other options \(input .* -> .*other\)"):
            _take_up(database, tmp_path / "other", make_job(net))


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


def test_settings_are_options() -> None:
    assert Job(settings=Settings(device="cpu", tile=64)).options()["tile"] == 64


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
