"""Everything a run needs before its first step, made from its recipe."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from accelerate import Accelerator

from hatsr.data.batches import Plan
from hatsr.data.patches import Patches, Task
from hatsr.data.shards import open_shards
from hatsr.data.sources import DataError, Source, open_folders
from hatsr.data.wholes import Wholes, keep_in_memory
from hatsr.training.networks import Networks
from hatsr.training.recipe import Recipe
from hatsr.training.start import start_as_interpolation, transfer
from hatsr.training.state import states
from hatsr.training.validation import Held, decode_held, hold_out, under_conditions

Say = Callable[[str], None]
_GB = 1 << 30


@dataclass(frozen=True, slots=True)
class Setup:
    """A run that is ready to start."""

    recipe: Recipe
    """What was asked for."""
    folder: Path
    """Where states, weights, logs and pictures go."""
    accelerator: Accelerator
    """Device, processes, precision."""
    patches: Patches
    """Training samples."""
    plan: Plan
    """Which samples a step takes."""
    held: tuple[Held, ...]
    """Validation pictures."""
    networks: Networks
    """With their initial weights."""


def set_up(
    recipe: Recipe,
    folder: Path,
    say: Say = lambda text: None,
    cpu: bool = False,
    fresh: bool = False,
) -> Setup:
    """Open data, make the network, load its initial weights.

    Args:
        recipe: the run.
        folder: of the run.
        say: told what was found, taken and left out.
        cpu: stay on the CPU where there is a GPU.
        fresh: load the initial weights even if there are states to go on from.

    Raises:
        DataError, ValueError: what cannot work, with what to do.
    """
    precision = recipe.precision
    accelerator = Accelerator(cpu=cpu, mixed_precision=precision)
    plan = Plan(recipe.stages, recipe.iterations, accelerator.num_processes, recipe.accumulate)
    tasks = tuple(Task(task.scale, task.noise) for task in recipe.tasks)
    tasks = tasks or (Task(recipe.config.scale),)
    _check_outside(folder, recipe.data.train)
    source, held = open_sources(recipe, tasks)
    if held and tasks[0].noise and not recipe.valid.data_lr:
        say("validation is without the first task's noise; give valid.data_lr to have it with")
    if held and recipe.degrade and recipe.valid.conditions == ("clean",):
        say("validation is on clean LR; give valid.conditions to judge by degraded LR")
    patches = Patches(
        open_wholes(recipe, source, tasks, say),
        tasks,
        recipe.seed,
        recipe.data.augment,
        recipe.data.candidates,
        recipe.degrade,
    )
    is_new = fresh or not states(folder / "states")
    networks = make_networks(recipe, say, is_new)
    return Setup(recipe, folder, accelerator, patches, plan, held, networks)


def _check_outside(folder: Path, train: Sequence[str]) -> None:
    """The pictures that a run paints must not become its training data."""
    for place in train:
        if folder.resolve().is_relative_to(Path(place).resolve()):
            raise DataError(
                f"data.train must not hold the run itself, got {place} with {folder}; give --runs "
                "a place outside"
            )


def open_sources(recipe: Recipe, tasks: tuple[Task, ...]) -> tuple[Source, tuple[Held, ...]]:
    """The pictures for training, and those for validation, decoded."""
    data, valid, scale = recipe.data, recipe.valid, recipe.config.scale
    held = ()
    if valid.data:
        held = decode_held(open_folders([valid.data], valid.data_lr, scale), scale)
        held = under_conditions(held, valid.conditions)
    if data.is_manifest:
        return open_shards(data.train[0]), held
    source = open_folders([Path(folder) for folder in data.train], data.train_lr, scale)
    if valid.data or not valid.share:
        return source, held
    left, held = hold_out(source, valid.share, recipe.seed, scale, largest_side(recipe, tasks))
    return left, under_conditions(held, valid.conditions)


def largest_side(recipe: Recipe, tasks: tuple[Task, ...]) -> int:
    """Of the patches of all stages and tasks, HR pixels."""
    return max(stage.patch for stage in recipe.stages) * max(task.scale for task in tasks)


def open_wholes(recipe: Recipe, source: Source, tasks: tuple[Task, ...], say: Say) -> Wholes:
    """Training pictures, in memory if they fit; broken and too small ones are left out, aloud."""
    data = recipe.data
    from_crops = data.lr_from == "crop"
    scales = () if from_crops else tuple(sorted({task.scale for task in tasks}))
    side = 1 if from_crops else largest_side(recipe, tasks)
    wholes = keep_in_memory(source, scales, int(data.memory * _GB), side)
    for name, reason in list(wholes.broken.items())[:20]:
        say(f"left out {name}: {reason}")
    if len(wholes.broken) > 20:
        say(f"... and {len(wholes.broken) - 20} more left out; `hatsr data check` lists all")
    if not len(wholes):
        raise DataError(
            f"data.train must hold usable pictures, got {len(source)} of which none can be used"
        )
    return wholes


def make_networks(recipe: Recipe, say: Say, is_new: bool) -> Networks:
    """The networks; of a new run with the weights that the recipe's `start` asks for."""
    torch.manual_seed(recipe.seed)
    networks = Networks(recipe.config, tuple(task.scale for task in recipe.tasks))
    if is_new and recipe.start.interpolate:
        start_as_interpolation(networks.main)
    if is_new and recipe.start.checkpoint:
        say(str(transfer(networks.main, recipe.start.checkpoint)))
    if recipe.activation_checkpointing:
        for network in networks.each():
            network.use_activation_checkpointing()
    return networks
