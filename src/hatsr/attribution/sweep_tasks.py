"""What a sweep has to do: its plan, a task for each model and picture, and doing one."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from hatsr.attribution.inputs import StudiedNetwork, file_digest, load_network, load_picture
from hatsr.attribution.local_attribution import DEFAULTS, LamSettings, lam_patches
from hatsr.attribution.objective import PatchCorner
from hatsr.attribution.rows import Row, row_key


@dataclass(frozen=True, kw_only=True, slots=True)
class SweepPlan:
    """What to measure: every model at every position of every picture.

    Raises:
        ValueError: a value breaks its rule.
    """

    models: tuple[str, ...]
    """Sources as `load_network` takes them."""
    pictures: tuple[str, ...]
    """Picture files."""
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
class SweepTask:
    """The patches of one picture that one model has still to do; they share forward passes."""

    model: str
    """Source of the network, as `load_network` takes it."""
    picture: str
    """Picture file."""
    patches: tuple[PatchCorner, ...]
    """Upper left corners of the patches, SR pixels."""
    head: Row
    """What all its rows say: weights, picture and how they are computed."""
    plan: SweepPlan
    """The plan that the task is a part of."""

    def key(self, patch: PatchCorner) -> str:
        """What tells one row from all others."""
        return row_key(self.head | {"patch": list(patch)})


def grid_patches(
    height: int, width: int, patch_size: int, per_side: int
) -> tuple[PatchCorner, ...]:
    """Evenly spaced patches, the same for every network.

    Args:
        height: of the SR picture.
        width: of the SR picture.
        patch_size: side of a patch, SR pixels.
        per_side: 1 for the middle; more reach from the margin of half a gap to the other.

    Raises:
        ValueError: the picture is smaller than a patch.
    """
    if min(height, width) < patch_size:
        raise ValueError(f"SR must be at least {patch_size} x {patch_size}, got {height} x {width}")

    def starts(length: int) -> list[int]:
        return [
            round((length - patch_size) * (2 * i + 1) / (2 * per_side)) for i in range(per_side)
        ]

    return tuple(dict.fromkeys((y, x) for y in starts(height) for x in starts(width)))


def all_tasks(plan: SweepPlan) -> tuple[list[SweepTask], dict[str, str]]:
    """A task for each model and picture, and why a picture has none, by file.

    Raises:
        ValueError: a model cannot be loaded.
    """
    found: list[SweepTask] = []
    failures: dict[str, str] = {}

    @cache
    def facts(picture: str, scale: int) -> tuple[int, int, str]:
        """Height and width of SR, and what tells the file apart; each file is read once."""
        h, w = load_picture(picture, scale, is_lr=plan.is_lr).lr.shape[-2:]
        return h * scale, w * scale, file_digest(picture)

    for model in plan.models:
        network = load_network(model, plan.settings.device)
        for picture in (each for each in plan.pictures if each not in failures):
            try:
                height, width, pixels = facts(picture, network.scale)
                patches = grid_patches(height, width, plan.settings.patch_size, plan.grid)
            except (OSError, ValueError) as error:
                failures[picture] = _in_words(error, picture)
                continue
            head = _head(plan, network, picture) | {"pixels": pixels}
            found.append(
                SweepTask(model=model, picture=picture, patches=patches, head=head, plan=plan)
            )
    return found, failures


def _head(plan: SweepPlan, network: StudiedNetwork, picture: str) -> Row:
    return {
        "model": network.name,
        "weights": network.digest,
        "picture": Path(picture).name,
        "is_lr": plan.is_lr,
        "patch_size": plan.settings.patch_size,
        "steps": plan.settings.steps,
        "mode": plan.settings.mode,
    }


def _in_words(error: Exception, picture: str) -> str:
    return str(error).removeprefix(f"{picture}: ")


def pending(tasks: Sequence[SweepTask], rows: Sequence[Row]) -> list[SweepTask]:
    """The tasks with the patches that the rows so far leave to do."""
    done = {row_key(row) for row in rows}
    left = [replace(t, patches=tuple(p for p in t.patches if t.key(p) not in done)) for t in tasks]
    return [task for task in left if task.patches]


def belonging(tasks: Sequence[SweepTask], rows: Sequence[Row]) -> list[Row]:
    """The rows of these tasks, in the tasks' order; a file may hold others."""
    by_key = {row_key(row): row for row in rows}
    keys = [task.key(patch) for task in tasks for patch in task.patches]
    return [by_key[key] for key in keys if key in by_key]


@dataclass(frozen=True, kw_only=True, slots=True)
class FinishedTask:
    """The rows of a task, or why it failed."""

    task: SweepTask
    rows: tuple[Row, ...] = ()
    failure: str = ""
    """Why there are no rows."""


def run_task(task: SweepTask) -> FinishedTask:
    """Do a task; one that fails, whatever its network or picture raised, costs no other."""
    try:
        plan, network = task.plan, load_network(task.model, task.plan.settings.device)
        picture = load_picture(task.picture, network.scale, is_lr=plan.is_lr)
        lr = picture.lr.to(network.device)
        found = lam_patches(network.function, lr, task.patches, plan.settings)
    except Exception as error:
        why = f"{task.head['model']}, {_in_words(error, task.picture)}"
        return FinishedTask(task=task, failure=why)
    return FinishedTask(task=task, rows=tuple(task.head | each.numbers() for each in found))
