"""A job from its beginning to its end, as often as it is stopped in between."""

import hashlib
import json
import sqlite3
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Protocol, runtime_checkable

from hatsr import checkpoint, image
from hatsr.batch.database.job_database import JobDatabase
from hatsr.batch.database.job_tables import sqlite_errors_as_os_errors
from hatsr.batch.database.locking import locked
from hatsr.batch.database.records import JobRecord, PictureRecord
from hatsr.batch.option_words import changes
from hatsr.batch.outputs import Output, check_folder_name
from hatsr.batch.planning import check_places, input_store, plan
from hatsr.batch.status import JobProgress, Status, read_status
from hatsr.batch.stores import open_store
from hatsr.batch.summary_page import write_summary
from hatsr.batch.worker_pools.coordinator import WorkerSpec
from hatsr.batch.worker_pools.worker_pool import work
from hatsr.batch.worker_pools.worker_settings import (
    WorkerSettings,
    measured_rate,
    open_pool,
    share_out,
)
from hatsr.inference.choosing import ModelChooser, open_upscaler
from hatsr.inference.settings import Settings
from hatsr.inference.tiling.memory import LEAST_BUDGET


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """Options for every picture of a job; only `existing` may change when the job is resumed."""

    model: str | None = None
    """As `hatsr.load` takes it; None: the shipped weights that each picture needs."""
    overrides: Mapping[str, object] = field(default_factory=dict)
    denoise: float | None = None
    """0 to 1, between the weights for clean pictures and the real-world ones."""
    settings: Settings = field(default_factory=Settings)
    output: Output = field(default_factory=Output)
    """How they are written; where they go is the folder of the job, or `results`."""
    results: str | None = None
    """Address that results go to, such as s3://bucket/large; None: the folder of the job."""
    max_pixels: int = image.MAX_PIXELS
    """Largest picture to accept, height x width."""

    def options(self) -> dict[str, object]:
        """What results depend on, for the database."""
        return {
            "model": self.model,
            "weights": self._digest(),
            "overrides": dict(self.overrides),
            "denoise": self.denoise,
            **asdict(self.settings),
            "format": self.output.ending,
            "quality": self.output.quality,
            "results": self.results,
            "max pixels": self.max_pixels,
            "first frame": self.output.first_frame,
        }

    def _digest(self) -> str:
        """A digest of all weights that may be used."""
        scale = self.settings.scale
        names = [self.model or checkpoint.default_model(scale)]
        if self.model is None:
            names.append(checkpoint.real_world_model(scale))
        if self.denoise is not None:
            names += checkpoint.clean_and_real(names[-1]) or ()
        digest = hashlib.sha256()
        for path in sorted({checkpoint.resolve(name) for name in names}):
            digest.update(path.read_bytes())
        return digest.hexdigest()


@runtime_checkable
class JobListener(Protocol):
    """Is told how far a job has come."""

    def planning(self, count: int) -> None:
        """Number of pictures that were planned so far."""
        ...

    def failed(self, record: PictureRecord) -> None:
        """A picture failed before the work began, such as one that is not there."""
        ...

    def working(self, status: Status) -> None:
        """The work goes on, or ends; called at least twice a second."""
        ...


def run_job(
    source: Path | str,
    folder: Path,
    job: Job,
    watch: JobListener,
    *,
    worker_settings: WorkerSettings | None = None,
    retry_failed: bool = False,
) -> Status:
    """Enlarge the pictures of a folder or a manifest, or go on with it where it was stopped.

    A picture that fails costs no other. When the process is killed, whatever the moment, nothing
    is lost or left half-written, and a further call does only what is not done yet.

    Args:
        source: a folder with subfolders, a manifest (a text file with a path on each line), or an
            address that fsspec knows.
        folder: gets the results, in the same subfolders, the database and a summary page.
        job: what is to be done with every picture.
        watch: is told how far it has come.
        worker_settings: who does it.
        retry_failed: do what failed again.

    Raises:
        ValueError: wrong usage: places or options that cannot be, or not those of the job that the
            folder holds; there are no pictures.
        BlockingIOError: another process works on the folder.
        OSError: the input cannot be read, or the output not be written.
    """
    check_folder_name(folder)
    check_places(source, folder)
    check_format(job.output.ending)
    results = open_store(job.results or folder)
    opened = open_upscaler(job.model, job.settings, job.overrides, job.denoise)
    upscaler = opened.clean if isinstance(opened, ModelChooser) else opened
    folder.mkdir(parents=True, exist_ok=True)
    with (
        sqlite_errors_as_os_errors(folder),
        locked(folder),
        JobDatabase(folder, results, create=True) as database,
    ):
        budget = _take_up(database, source, job)
        suffix = f"_x{upscaler.factor:g}"
        left_out = plan(database, source, job.output, suffix, watch.planning, watch.failed)
        remarks = tuple(left_out.remarks())
        if not database.counts():
            database.remove_job()
            raise ValueError("; ".join((f"no pictures in {source}", *remarks)))
        if retry_failed:
            database.retry_failed()
        stopped, pace = "", JobProgress(database, watch.working)
        try:
            if pace.left:
                worker_settings = worker_settings or WorkerSettings()
                workers, threads = share_out(worker_settings, upscaler, database, budget)
                settings = _settings_of_each(job, worker_settings, budget // max(1, workers))
                spec = WorkerSpec(
                    source=input_store(source),
                    results=results,
                    model=job.model,
                    overrides=job.overrides,
                    denoise=job.denoise,
                    settings=settings,
                    quality=job.output.quality,
                    max_pixels=job.max_pixels,
                    first_frame=job.output.first_frame,
                    threads=threads,
                )
                with open_pool(worker_settings, workers, spec, database, pace.report) as pool:
                    pace.expect(pool.count * measured_rate(upscaler, threads))
                    stopped = work(pool)
        finally:
            with suppress(sqlite3.Error, OSError):  # a full disk: the next call settles it
                database.requeue_interrupted()
                write_summary(database, remarks)
        return replace(
            read_status(folder),
            running=False,
            stopped=stopped,
            remarks=remarks,
            weights=database.weights(),
        )


def check_format(ending: str | None) -> None:
    """Refuse a format in which no single picture can be written.

    Raises:
        ValueError: it is none.
    """
    if ending is not None and ending not in image.FORMATS:
        raise ValueError(f"format must be one of {', '.join(image.FORMATS)}, got {ending}")


def _take_up(database: JobDatabase, source: Path | str, job: Job) -> int:
    """Begin a job, or go on with it; returns the memory for all workers, bytes.

    Raises:
        ValueError: the folder holds another job.
    """
    options = json.loads(json.dumps(job.options()))
    source = str(source.resolve() if isinstance(source, Path) else source)
    found = database.job()
    if found is None:
        budget = job.settings.budget()
        database.set_job(JobRecord(source, options, budget))
        return budget
    theirs = {"input": found.source, **found.options}
    ours = {"input": source, **options}
    if changed := changes(theirs, ours):
        raise ValueError(
            f"output must be that of the same job, got {database.folder} with other options "
            f"({'; '.join(changed)}); give another -o, or the options that it was begun with"
        )
    database.requeue_interrupted()
    database.requeue_missing()
    return found.budget


def _settings_of_each(job: Job, worker_settings: WorkerSettings, memory: int) -> Settings:
    """Workers here have `memory` bytes each, unless the job says what a picture gets."""
    if job.settings.memory is None and worker_settings.engine == "local":
        return replace(job.settings, memory=max(memory, LEAST_BUDGET))
    return job.settings
