"""Jobs, and workers, that are killed at any moment."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import psutil
import pytest
from job_files import break_pictures, expected, make_net, make_pictures, results, start
from PIL import Image

from hatsr.batch import read_status
from hatsr.batch.database.job_database import JobDatabase

resource = pytest.importorskip("resource", reason="limits of POSIX")
PATIENCE = 600
"""Seconds that a process may take on a busy machine."""
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="signals of POSIX, /proc")


def wait_for(job: subprocess.Popen[str], folder: Path, done: int) -> None:
    """Until so many results are there, or the job has ended."""
    while count_results(folder) < done and job.poll() is None:
        time.sleep(0.005)


def count_results(folder: Path) -> int:
    """Files that are not hidden; those in `.hatsr` and part files are."""
    return sum(not name.startswith(".") for _, _, names in os.walk(folder) for name in names) - len(
        list((folder / ".hatsr").glob("*"))
    )


def workers(parent: psutil.Process) -> list[psutil.Process]:
    """Worker processes: copies of the one that has imported what they need."""
    found = parent.children()
    return [
        worker
        for each in found
        if "multiprocessing.forkserver" in " ".join(each.cmdline())
        for worker in each.children()
    ]


@pytest.mark.parametrize(
    ("kills", "whole", "bad"),
    [(2, 40, 20), pytest.param(20, 950, 50, marks=pytest.mark.slow)],
    ids=["2 kills", "20 kills"],
)
def test_nothing_is_lost_doubled_or_half_written(
    tmp_path: Path, kills: int, whole: int, bad: int
) -> None:
    net, source, out = make_net(tmp_path), make_pictures(tmp_path / "in", whole), tmp_path / "out"
    broken = break_pictures(source, bad)
    right = expected(source, net, tmp_path / "right")
    chance, kept = random.Random(kills), dict[str, tuple[int, int]]()
    for number in range(kills):
        job = start(source, out, net, "--workers", "2")
        if number % 4:
            wait_for(job, out, len(kept) + chance.randrange(whole // 10))
        time.sleep(chance.random() * (0.1 if number % 4 else 6))
        running = psutil.Process(job.pid).children(recursive=True) if job.poll() is None else []
        job.kill()
        job.communicate()
        psutil.wait_procs(running, timeout=PATIENCE)
        found = results(out) if out.exists() else {}
        assert found.items() <= right.items()
        stats = {name: (out / name).stat() for name in found}
        now = {name: (stat.st_ino, stat.st_mtime_ns) for name, stat in stats.items()}
        assert kept.items() <= now.items(), "done twice"
        kept = now
    last = start(source, out, net, "--workers", "2")
    printed, _ = last.communicate(timeout=PATIENCE)
    assert last.returncode == 1, printed
    assert results(out) == right
    for name, (inode, changed) in kept.items():
        assert ((out / name).stat().st_ino, (out / name).stat().st_mtime_ns) == (inode, changed)
    assert not [path for path in out.rglob("*") if path.name.endswith(".part")]
    with JobDatabase(out) as database:
        assert {record.source for record in database.records("failed")} == broken
    assert read_status(out).left == 0


def test_a_worker_that_dies_is_replaced(tmp_path: Path) -> None:
    net, source = make_net(tmp_path), make_pictures(tmp_path / "in", 60, side=60)
    right, out = expected(source, net, tmp_path / "right"), tmp_path / "out"
    job = start(source, out, net, "--workers", "2")
    wait_for(job, out, 2)
    victims = workers(psutil.Process(job.pid))
    assert len(victims) == 2
    victims[0].kill()
    printed, _ = job.communicate(timeout=PATIENCE)
    assert (job.returncode, results(out) == right) == (0, True), printed


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_politely(tmp_path: Path, number: int) -> None:
    net, source = make_net(tmp_path), make_pictures(tmp_path / "in", 60, side=60)
    out = tmp_path / "out"
    job = start(source, out, net, "--workers", "1")
    wait_for(job, out, 1)
    os.kill(job.pid, number)
    printed, _ = job.communicate(timeout=PATIENCE)
    assert job.returncode == 130, printed
    status = read_status(out)
    assert (status.running, status.of("running")) == (False, 0)
    assert 0 < status.of("done") == len(results(out)) < 60
    assert (out / "hatsr-batch.html").exists()


def test_two_jobs_at_once(tmp_path: Path) -> None:
    net, source = make_net(tmp_path), make_pictures(tmp_path / "in", 60, side=60)
    out = tmp_path / "out"
    first = start(source, out, net, "--workers", "1")
    wait_for(first, out, 1)
    first.send_signal(signal.SIGSTOP)  # so that it does not come to its end before
    second = start(source, out, net, "--workers", "1")
    assert read_status(out).running
    printed, _ = second.communicate(timeout=PATIENCE)
    assert second.returncode == 1, printed
    assert "folder must be that of one job at a time" in printed
    first.send_signal(signal.SIGCONT)
    first.communicate(timeout=PATIENCE)
    assert first.returncode == 0
    assert len(results(out)) == 60


def test_files_that_may_not_grow(tmp_path: Path) -> None:
    net, source, out = make_net(tmp_path), make_pictures(tmp_path / "in", 3), tmp_path / "out"
    pixels = np.random.default_rng(0).integers(0, 256, (400, 400, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(source / "large.png")
    right = expected(source, net, tmp_path / "right")
    most = len(right["large_x2.png"]) - 1
    assert most > 300_000, "the database needs some room"
    usual = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, usual[1]))
    try:
        job = start(source, out, net, "--workers", "1")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, usual)
    printed, _ = job.communicate(timeout=PATIENCE)
    assert job.returncode == 1, printed
    assert "stopped: " in printed
    assert "large_x2.png could not be written: File too large" in printed
    assert results(out).items() < right.items()
    assert read_status(out).of("failed") == 0
    last = start(source, out, net, "--workers", "1")
    printed, _ = last.communicate(timeout=PATIENCE)
    assert (last.returncode, results(out) == right) == (0, True), printed


@contextmanager
def closed(folder: Path) -> Iterator[None]:
    """Nobody may write into a folder meanwhile, the administrator neither."""
    if os.geteuid():
        close, opened = ["chmod", "a-w"], ["chmod", "u+w"]
    else:
        close, opened = ["chattr", "+i"], ["chattr", "-i"]
    if subprocess.run([*close, str(folder)], capture_output=True).returncode:
        pytest.skip("the file system knows no immutable folders")
    try:
        yield
    finally:
        subprocess.run([*opened, str(folder)], check=True)


def test_permission_that_is_lost(tmp_path: Path) -> None:
    net, source = make_net(tmp_path), make_pictures(tmp_path / "in", 60, side=60)
    right, out = expected(source, net, tmp_path / "right"), tmp_path / "out"
    job = start(source, out, net, "--workers", "1")
    wait_for(job, out, 3)
    with closed(out):
        printed, _ = job.communicate(timeout=PATIENCE)
        assert job.returncode == 1, printed
        assert "stopped: " in printed
    status = read_status(out)
    assert status.of("failed") == 0
    assert status.left > 0
    last = start(source, out, net, "--workers", "1")
    printed, _ = last.communicate(timeout=PATIENCE)
    assert (last.returncode, results(out) == right) == (0, True), printed
