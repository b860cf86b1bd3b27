"""DI over many positions, pictures and networks: rows in a file that a second run continues."""

import json
from collections.abc import Generator, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path

import torch

from hatsr.attribution.integral import DEFAULTS, LamSettings
from hatsr.attribution.maps import lam_patches
from hatsr.attribution.objective import Patch
from hatsr.attribution.subject import Subject, file_digest, load_scene, load_subject

Row = dict[str, object]
"""Model, picture and numbers of one patch, as one line of JSON."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SweepPlan:
    """What to measure: every model at every position of every picture.

    Raises:
        ValueError: a value breaks its rule.
    """

    models: tuple[str, ...]
    """Sources as `load_subject` takes them."""
    pictures: tuple[str, ...]
    """Files."""
    grid: int = 3
    """Patches per side of each picture, evenly spaced."""
    is_lr: bool = False
    """The files are LR pictures, not HR ones."""
    settings: LamSettings = DEFAULTS
    """How each attribution is computed; the memory is for all processes together."""

    def __post_init__(self) -> None:
        """Check every rule once."""
        if not self.models or not self.pictures:
            raise ValueError(
                f"a sweep must have models and pictures, got {len(self.models)} and "
                f"{len(self.pictures)}"
            )
        if self.grid < 1:
            raise ValueError(f"grid must be at least 1, got {self.grid}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """The patches of one picture that one model has still to do; they share forward passes."""

    model: str
    """Source of the network."""
    picture: str
    """File."""
    patches: tuple[Patch, ...]
    """Upper left corners."""
    head: Row
    """What all its rows say: weights, picture and how they are computed."""
    plan: SweepPlan
    """The rest."""

    def key(self, patch: Patch) -> str:
        """What tells one row from all others."""
        return row_key(self.head | {"patch": list(patch)})


def grid_patches(height: int, width: int, window: int, per_side: int) -> tuple[Patch, ...]:
    """Evenly spaced patches, the same for every network.

    Args:
        height: of the SR picture.
        width: of the SR picture.
        window: side of a patch, SR pixels.
        per_side: 1 for the middle; more reach from the margin of half a gap to the other.

    Raises:
        ValueError: the picture is smaller than the window.
    """
    if min(height, width) < window:
        raise ValueError(f"SR must be at least {window} x {window}, got {height} x {width}")

    def starts(length: int) -> list[int]:
        return [round((length - window) * (2 * i + 1) / (2 * per_side)) for i in range(per_side)]

    return tuple(dict.fromkeys((y, x) for y in starts(height) for x in starts(width)))


_BEGINNING = b'{"model": "'
"""Of every row: a last line that begins otherwise was not cut while being written."""


def read_rows(path: Path) -> list[Row]:
    """The rows so far; a last line that was cut while being written is removed from the file.

    Raises:
        ValueError: the file holds something else; it is left as it is.
    """
    if not path.exists():
        return []
    content = path.read_bytes()
    *lines, cut = content.split(b"\n")
    rows = [_row(path, number, line) for number, line in enumerate(lines, 1)]
    if not _BEGINNING.startswith(cut[: len(_BEGINNING)]):
        raise _foreign(path, len(lines) + 1, "no row begins so")
    if cut:
        with path.open("rb+") as file:
            file.truncate(len(content) - len(cut))
    return rows


def _row(path: Path, number: int, line: bytes) -> Row:
    try:
        row = json.loads(line.decode())
    except ValueError as error:
        raise _foreign(path, number, error) from None
    if not isinstance(row, dict):
        raise _foreign(path, number, f"{type(row).__name__}, not an object")
    return row


def _foreign(path: Path, number: int, why: object) -> ValueError:
    return ValueError(
        f"{path} must hold a JSON object in each line, got line {number}: {why}; give another file"
    )


_KEY = ("weights", "picture", "pixels", "is_lr", "window", "fold", "mode", "patch")


def row_key(row: Mapping[str, object]) -> str:
    """What tells one row from all others."""
    return json.dumps([row.get(name) for name in _KEY])


def all_tasks(plan: SweepPlan) -> tuple[list[Task], dict[str, str]]:
    """A task for each model and picture, and why a picture has none, by file.

    Raises:
        ValueError: a model cannot be loaded.
    """
    found: list[Task] = []
    failures: dict[str, str] = {}
    for model in plan.models:
        subject = load_subject(model)
        for picture in plan.pictures:
            try:
                found.append(_task(plan, model, subject, picture))
            except (OSError, ValueError) as error:
                failures[picture] = _in_words(error, picture)
    return found, failures


def _task(plan: SweepPlan, model: str, subject: Subject, picture: str) -> Task:
    scene = load_scene(picture, subject.scale, is_lr=plan.is_lr)
    h, w = (side * subject.scale for side in scene.lr.shape[-2:])
    head: Row = {
        "model": subject.name,
        "weights": subject.digest,
        "picture": Path(picture).name,
        "pixels": file_digest(picture),
        "is_lr": plan.is_lr,
        "window": plan.settings.window,
        "fold": plan.settings.fold,
        "mode": plan.settings.mode,
    }
    patches = grid_patches(h, w, plan.settings.window, plan.grid)
    return Task(model=model, picture=picture, patches=patches, head=head, plan=plan)


def _in_words(error: Exception, picture: str) -> str:
    return str(error).removeprefix(f"{picture}: ")


def pending(tasks: Sequence[Task], rows: Sequence[Row]) -> list[Task]:
    """The tasks with the patches that the rows so far leave to do."""
    done = {row_key(row) for row in rows}
    left = [replace(t, patches=tuple(p for p in t.patches if t.key(p) not in done)) for t in tasks]
    return [task for task in left if task.patches]


def belonging(tasks: Sequence[Task], rows: Sequence[Row]) -> list[Row]:
    """The rows of these tasks, in the tasks' order; a file may hold others."""
    by_key = {row_key(row): row for row in rows}
    keys = [task.key(patch) for task in tasks for patch in task.patches]
    return [by_key[key] for key in keys if key in by_key]


@dataclass(frozen=True, kw_only=True, slots=True)
class Finished:
    """What became of a task."""

    task: Task
    rows: tuple[Row, ...] = ()
    failure: str = ""
    """Why there are no rows."""


def run_task(task: Task) -> Finished:
    """Do a task; one that fails, whatever its network or picture raised, costs no other."""
    try:
        plan, subject = task.plan, load_subject(task.model)
        scene = load_scene(task.picture, subject.scale, is_lr=plan.is_lr)
        found = lam_patches(subject.network, scene.lr, task.patches, plan.settings)
    except Exception as error:
        why = f"{task.head['model']}, {_in_words(error, task.picture)}"
        return Finished(task=task, failure=why)
    rows = tuple(task.head | attribution.numbers() for attribution in found)
    return Finished(task=task, rows=rows)


def sweep(
    todo: Sequence[Task], results: Path, processes: int = 1
) -> Generator[Finished, None, None]:
    """Do the tasks, append the rows of each to the file and yield what became of it.

    A run that was stopped loses only the tasks under way (one picture with one model each).

    Args:
        todo: what to do, as `pending` gives it.
        results: a file of JSON lines; made where it does not exist.
        processes: how many share the work; each gets its part of threads and memory.
    """
    with results.open("a", encoding="utf-8") as file:
        for finished in _run(todo, min(processes, len(todo))):
            file.write("".join(json.dumps(row) + "\n" for row in finished.rows))
            file.flush()
            yield finished


def _run(todo: Sequence[Task], processes: int) -> Iterator[Finished]:
    if processes <= 1:
        yield from map(run_task, todo)
        return
    threads = max(1, torch.get_num_threads() // processes)
    with ProcessPoolExecutor(
        processes, get_context("spawn"), initializer=torch.set_num_threads, initargs=(threads,)
    ) as pool:
        waiting = [pool.submit(run_task, _share(task, processes)) for task in todo]
        try:
            for future in as_completed(waiting):
                yield future.result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _share(task: Task, processes: int) -> Task:
    settings = replace(task.plan.settings, memory=task.plan.settings.memory / processes)
    return replace(task, plan=replace(task.plan, settings=settings))
