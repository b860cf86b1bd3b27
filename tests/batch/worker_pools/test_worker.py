import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from animations import make_animation, make_document
from job_files import break_pictures, expected, make_net, make_pictures, make_spec, results
from tiny import tiny

from hatsr import image
from hatsr.batch.database.job_database import JobDatabase
from hatsr.batch.database.records import PictureRecord, WorkResult
from hatsr.batch.finding import PictureFile
from hatsr.batch.outputs import Output
from hatsr.batch.planning import plan
from hatsr.batch.upscaling import upscale_files
from hatsr.batch.worker_pools import worker as module
from hatsr.batch.worker_pools.coordinator import Coordinator
from hatsr.batch.worker_pools.worker import Worker
from hatsr.inference.choosing import ModelChooser
from hatsr.inference.settings import Settings
from hatsr.inference.upscaler import Upscaler

Run = Callable[..., list[PictureRecord]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Plans `in` for `out` and lets one worker do what waits; returns what it reported."""
    settings, out = Settings(device="cpu", memory="1GB"), tmp_path / "out"
    spec = make_spec(tmp_path / "in", out, settings=settings)

    def work(upscaler: Upscaler | ModelChooser | None = None) -> list[PictureRecord]:
        with JobDatabase(out, create=True) as database:
            plan(
                database, tmp_path / "in", Output(place=out), "_x2", lambda _: None, lambda _: None
            )
            told: list[PictureRecord | None] = []
            coordinator = Coordinator(database, told.append)
            upscaler = upscaler or Upscaler(tiny(), "net", settings)
            with Worker(spec, upscaler) as worker:
                while (
                    not coordinator.stopped and (record := coordinator.next_picture(1)) is not None
                ):
                    coordinator.record_results([worker.work(record)])
            if coordinator.stopped:
                raise OSError(coordinator.stopped)
        return [record for record in told if record is not None]

    return work


def test_results_are_those_of_upscale(tmp_path: Path, run: Run) -> None:
    source = make_pictures(tmp_path / "in", 12)
    broken = break_pictures(source)
    told = run()
    assert results(tmp_path / "out") == expected(source, make_net(tmp_path), tmp_path / "right")
    assert {record.source for record in told if record.state == "failed"} == broken
    assert len(told) == 12 + len(broken)
    assert run() == []


def test_weights_are_chosen_as_by_upscale(tmp_path: Path, run: Run) -> None:
    (tmp_path / "in").mkdir()
    rng, sources = np.random.default_rng(0), []
    for name, noise in (("clean", 0), ("noisy", 60)):
        pixels = 128 + noise * rng.standard_normal((24, 24, 3))
        sources.append(tmp_path / "in" / f"{name}.png")
        image.write(image.from_array(pixels.clip(0, 255).astype(np.uint8)), sources[-1])
    chooser = ModelChooser(Settings(device="cpu", memory="1GB"))
    done = run(chooser)
    told = {record.source: record.reason for record in done}
    pictures, right = [PictureFile(path) for path in sources], tmp_path / "right"
    list(upscale_files(chooser, pictures, Output(place=right), lambda *_: None))
    made = {name.replace("_x2", "_x4"): data for name, data in results(tmp_path / "out").items()}
    assert made == results(right)
    models = {record.source: record.model for record in done}
    assert models == {"clean.png": "hat-t-x4", "noisy.png": "hat-t-real-x4"}
    assert told["clean.png"].startswith("hat-t-x4: no strong compression or noise found")
    assert told["noisy.png"].endswith("of its fine detail looks like noise or compression")


def test_reasons_name_the_file(tmp_path: Path, run: Run) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in/empty.png").write_bytes(b"")
    (failed,) = run()
    assert failed.reason == f"{tmp_path}/in/empty.png: file is empty; get it again"


@pytest.mark.parametrize("change", ["before", "meanwhile", "gone"])
def test_a_file_that_changes(
    change: str, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = make_pictures(tmp_path / "in", 2) / "p000.png"
    other = make_pictures(tmp_path / "other", 4, side=30) / "p003.png"
    read = image.read_sequence

    def changing(path: Path, **options: bool) -> image.PictureSequence:
        found = read(path, **options)
        if path == source:
            shutil.copy(other, path)
        return found

    if change == "meanwhile":
        monkeypatch.setattr(module.image, "read_sequence", changing)
    else:
        claim = JobDatabase.claim

        def after(*arguments: object) -> PictureRecord | None:
            if source.exists():
                source.unlink() if change == "gone" else shutil.copy(other, source)
            return claim(*arguments)  # pyright: ignore[reportArgumentType]

        monkeypatch.setattr(JobDatabase, "claim", after)
    record = {each.source: each for each in run()}["p000.png"]
    if change == "before":
        assert (record.state, (record.height, record.width)) == ("done", image.header_size(other))
        assert record.bytes == source.stat().st_size
        return
    assert record.state == "failed"
    said = "was changed while it was read" if change == "meanwhile" else "no such file"
    assert said in record.reason


def test_a_full_disk_stops_and_the_picture_waits_on(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_pictures(tmp_path / "in", 5)
    with monkeypatch.context() as patched:
        patched.setattr(Path, "write_bytes", full)
        with pytest.raises(OSError, match="could not be written: No space left"):
            run()
    with JobDatabase(tmp_path / "out") as database:
        assert database.requeue_interrupted() == 1
        assert database.counts()["waiting"].pictures == 5
    assert results(tmp_path / "out") == {}
    assert len(run()) == 5


def full(path: Path, data: bytes) -> None:
    """What writing to a full disk does."""
    with Path("/dev/full").open("wb", buffering=0) as file:
        file.write(data)


@pytest.mark.parametrize("first", [False, True])
def test_frames_and_pages_are_those_of_upscale(tmp_path: Path, first: bool) -> None:
    (tmp_path / "in").mkdir()
    made = [make_animation(tmp_path / "in" / "a.gif"), make_document(tmp_path / "in" / "b.tif")]
    upscaler, out = Upscaler(tiny(), "net", Settings(device="cpu")), tmp_path / "out"
    wanted = Output(place=tmp_path / "wanted", first_frame=first)
    list(upscale_files(upscaler, [PictureFile(path) for path in made], wanted, lambda *_: None))
    spec = make_spec(tmp_path / "in", out, settings=upscaler.settings, first_frame=first)
    with JobDatabase(out, create=True) as database:
        plan(database, tmp_path / "in", Output(place=out), "_x2", lambda _: None, lambda _: None)
        told: list[PictureRecord | None] = []
        coordinator = Coordinator(database, told.append)
        with Worker(spec, upscaler) as worker:
            while (record := coordinator.next_picture(1)) is not None:
                coordinator.record_results([worker.work(record)])
    assert [record.state for record in told if record is not None] == ["done", "done"]
    for name in ("a_x2.png", "b_x2.tif"):
        assert (out / name).read_bytes() == (tmp_path / "wanted" / name).read_bytes()
        assert image.read_sequence(out / name).count == (1 if first else 3)


@pytest.mark.parametrize("change", ["removed", "moved", "made anew"])
def test_a_database_that_is_gone_ends_the_work(
    change: str, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_pictures(tmp_path / "in", 5)
    out, work = tmp_path / "out", Worker.work

    def after(worker: Worker, record: PictureRecord) -> WorkResult:
        made = work(worker, record)
        out.rename(tmp_path / "elsewhere")
        if change == "removed":
            shutil.rmtree(tmp_path / "elsewhere")
        if change == "made anew":
            JobDatabase(out, create=True).__exit__()
        return made

    monkeypatch.setattr(Worker, "work", after)
    with pytest.raises(OSError, match="folder must stay in its place while a job works, got"):
        run()
    assert results(tmp_path / "out") == {}
