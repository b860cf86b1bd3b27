"""A study from its first cell to its report, by as many processes and machines as share its folder.

A cell belongs to whoever holds the lock in its folder, which the system ends with the process.
"""

import json
import multiprocessing
import signal
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.synchronize import Event

import torch

from hatsr.batch import end_with_parent, is_running, locked
from hatsr.evaluation import EvaluationSettings, find_sets
from hatsr.files import replacing
from hatsr.inference.engine import limit_threads
from hatsr.lab.cell_work import FAILURE, RESULTS, StudyWorkspace, work_on
from hatsr.lab.cells import Cell, cells_of
from hatsr.lab.study import Study
from hatsr.lab.study_report import StudyReport
from hatsr.lab.study_rows import rows_of
from hatsr.training import NotFiniteError, StateError, differences

_CELL = "cell.json"
_TICK_SECONDS = 1.0
"""Between looks at worker processes."""
_LOOK_SECONDS = 1.0
"""A cell's lock may be taken for a moment by who looks whether it is under way."""
_FAILED_WORK = (ValueError, OSError, NotFiniteError, StateError)


@dataclass(frozen=True, kw_only=True, slots=True)
class StudyStatus:
    """How far a study has come, by the names of its cells."""

    done: tuple[str, ...]
    running: tuple[str, ...]
    """Under way in some process, on whatever machine."""
    waiting: tuple[str, ...]
    failed: dict[str, str]
    """Why; the next call tries these again."""

    @property
    def is_done(self) -> bool:
        """Whether nothing is left."""
        return not (self.running or self.waiting or self.failed)

    def line(self) -> str:
        """The counts in words."""
        total = len(self.done) + len(self.running) + len(self.waiting) + len(self.failed)
        said = f"{len(self.done)} of {total} cells done"
        for name in ("running", "waiting", "failed"):
            said += f", {len(getattr(self, name))} {name}" if getattr(self, name) else ""
        return said


def _nothing() -> None:
    """Default listener: does nothing."""


def _go_on() -> bool:
    """Never stops; the default of `asked_to_stop`."""
    return False


def _unwatched(status: StudyStatus) -> None:
    """Default listener for the status: does nothing."""


def run(
    study: Study,
    workspace: StudyWorkspace,
    *,
    size: str = "small",
    workers: int = 1,
    watch: Callable[[StudyStatus], None] = _unwatched,
    asked_to_stop: Callable[[], bool] = _go_on,
) -> StudyReport:
    """Do what is left of a study, and report on all that is done.

    May be called at the same time by processes of several machines that share the folder, at the
    same path; no cell is done twice. When a process is killed, whatever the moment, a further call
    goes on to the bit from the last state of the run. A cell that fails costs no other.

    Args:
        study: see `read_study`.
        workspace: folder and data.
        size: of the study's sizes.
        workers: processes to start here; 1: none but this one.
        watch: told how far it has come, after each cell at least.
        asked_to_stop: looked at between steps; once it is true, states are saved.

    Raises:
        ValueError: no such size, test pictures that are not there, or a folder of another study.
        OSError: the folder cannot be written, or a worker died.
    """
    cells = cells_of(study, size)
    _check_pictures(study, size, workspace)
    for cell in cells:
        _take_up(cell, workspace)

    def tell() -> None:
        watch(status(study, workspace, size))

    if workers == 1:
        _work(cells, workspace, asked_to_stop, tell)
        died = 0
    else:
        died = _share(cells, workspace, workers, asked_to_stop, tell)
    report = write_report(study, workspace, size)
    if died:
        raise ChildProcessError(
            f"workers must end by themselves, got {died} that died; is there too little memory? "
            "The same command goes on"
        )
    return report


def write_report(study: Study, workspace: StudyWorkspace, size: str = "small") -> StudyReport:
    """Write report.html, report.md with its picture, and report.json about what is done so far."""
    found = {}
    for cell in cells_of(study, size):
        path = cell.folder(workspace.folder) / RESULTS
        if path.exists():
            found[cell.variant, cell.seed] = json.loads(path.read_text(encoding="utf-8"))
    report = StudyReport(study=study, size=size, rows=rows_of(study, size, found))
    report.write(workspace.folder)
    return report


def status(study: Study, workspace: StudyWorkspace, size: str = "small") -> StudyStatus:
    """How far a study is, whoever works on it."""
    states: dict[str, list[str]] = {"done": [], "running": [], "waiting": []}
    failed: dict[str, str] = {}
    for cell in cells_of(study, size):
        folder, name = cell.folder(workspace.folder), f"{cell.variant}, seed {cell.seed}"
        if (folder / RESULTS).exists():
            states["done"].append(name)
        elif folder.exists() and is_running(folder):
            states["running"].append(name)
        elif (folder / FAILURE).exists():
            failed[name] = (folder / FAILURE).read_text(encoding="utf-8").strip()
        else:
            states["waiting"].append(name)
    return StudyStatus(failed=failed, **{key: tuple(names) for key, names in states.items()})


def _check_pictures(study: Study, size: str, workspace: StudyWorkspace) -> None:
    """Refuse test sets that are not there before anything is trained."""
    first = cells_of(study, size)[0]
    scale = first.recipe(first.stages[-1]).config.scale
    _, absent = find_sets(
        study.sizes[size].evaluate.data, workspace.data_root, EvaluationSettings(scale=scale)
    )
    if absent:
        raise ValueError("\n".join(absent))


def _take_up(cell: Cell, workspace: StudyWorkspace) -> None:
    """Begin a cell, or go on with it; one that failed may be tried again.

    Raises:
        ValueError: the folder holds a cell of another study.
    """
    folder = cell.folder(workspace.folder)
    folder.mkdir(parents=True, exist_ok=True)
    path, asked = folder / _CELL, cell.document()
    if path.exists():
        changed = differences(json.loads(path.read_text(encoding="utf-8")), asked)
        if changed:
            raise ValueError(
                f"{folder} must be of the same study, got another one "
                f"({'; '.join(changed[:3])}); give another output"
            )
    else:
        with replacing(path) as part:
            part.write_text(json.dumps(asked, indent=2) + "\n", encoding="utf-8")
    if not is_running(folder):
        (folder / FAILURE).unlink(missing_ok=True)


def _work(
    cells: Sequence[Cell],
    workspace: StudyWorkspace,
    asked_to_stop: Callable[[], bool],
    tell: Callable[[], None] = _nothing,
) -> None:
    """Do what no other process does, until there is nothing left of that."""
    limit_threads()
    before = torch.get_num_threads()
    torch.set_num_threads(cells[0].study.threads)
    try:
        while not asked_to_stop() and any(_claim(cell, workspace, asked_to_stop) for cell in cells):
            tell()
    finally:
        torch.set_num_threads(before)


def _claim(cell: Cell, workspace: StudyWorkspace, asked_to_stop: Callable[[], bool]) -> bool:
    """Run a cell unless it is done or another process has it; whether it was run here."""
    folder = cell.folder(workspace.folder)

    def settled() -> bool:
        return asked_to_stop() or any((folder / name).exists() for name in (RESULTS, FAILURE))

    if settled():
        return False
    try:
        with locked(folder, wait=_LOOK_SECONDS):
            if settled():
                return False
            try:
                work_on(cell, workspace, asked_to_stop)
            except _FAILED_WORK as error:
                (folder / FAILURE).write_text(f"{error}\n", encoding="utf-8")
            return True
    except BlockingIOError:
        return False


def _share(
    cells: Sequence[Cell],
    workspace: StudyWorkspace,
    workers: int,
    asked_to_stop: Callable[[], bool],
    tell: Callable[[], None],
) -> int:
    """Do the cells by processes of this machine; how many of these died."""
    context = multiprocessing.get_context("spawn")
    stop = context.Event()
    pool = [
        context.Process(target=_run_worker, args=(cells, workspace, stop)) for _ in range(workers)
    ]
    try:
        for process in pool:
            process.start()
        while any(process.is_alive() for process in pool):
            if asked_to_stop():
                stop.set()
            tell()
            time.sleep(_TICK_SECONDS)
    finally:
        for process in pool:
            process.kill()
    return sum(process.exitcode != 0 for process in pool)


def _run_worker(cells: Sequence[Cell], workspace: StudyWorkspace, stop: Event) -> None:
    """What a worker's process does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the business of the first process
    threading.Thread(target=end_with_parent, daemon=True).start()
    _work(cells, workspace, stop.is_set)
