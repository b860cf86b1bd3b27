"""Everything a run needs before its first step, made from its recipe."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from accelerate import Accelerator

from hatsr.data.batches import Plan
from hatsr.data.patches import Patches, Task
from hatsr.data.sampling import draw, shuffled
from hatsr.data.shards import open_shards
from hatsr.data.sources import DataError, Folder, Source, open_folders
from hatsr.data.wholes import Wholes, keep_in_memory
from hatsr.training.networks import Networks
from hatsr.training.recipe import Recipe
from hatsr.training.start import start_as_interpolation, transfer
from hatsr.training.validation import Held, decode_held

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


def set_up(recipe: Recipe, folder: Path, say: Say = lambda text: None, cpu: bool = False) -> Setup:
    """Open data, make the network, load its initial weights.

    Args:
        recipe: the run.
        folder: of the run.
        say: told what was found, taken and left out.
        cpu: stay on the CPU where there is a GPU.

    Raises:
        DataError, ValueError: what cannot work, with what to do.
    """
    precision = recipe.precision
    accelerator = Accelerator(cpu=cpu, mixed_precision=precision)
    plan = Plan(recipe.stages, recipe.iterations, accelerator.num_processes, recipe.accumulate)
    tasks = tuple(Task(task.scale, task.noise) for task in recipe.tasks)
    tasks = tasks or (Task(recipe.config.scale),)
    source, held = open_sources(recipe)
    patches = Patches(
        open_wholes(recipe, source, tasks, say),
        tasks,
        recipe.seed,
        recipe.data.augment,
        recipe.data.candidates,
    )
    pictures = decode_held(held, recipe.config.scale) if held else ()
    return Setup(recipe, folder, accelerator, patches, plan, pictures, make_networks(recipe, say))


def open_sources(recipe: Recipe) -> tuple[Source, Folder | None]:
    """The pictures for training, and those for validation."""
    data, valid, scale = recipe.data, recipe.valid, recipe.config.scale
    held = open_folders([valid.data], valid.data_lr, scale) if valid.data else None
    if len(data.train) == 1 and data.train[0].endswith(".json"):
        return open_shards(data.train[0]), held
    source = open_folders([Path(folder) for folder in data.train], data.train_lr, scale)
    if held is not None or not valid.share:
        return source, held
    return split(source, valid.share, recipe.seed)


def split(source: Folder, share: float, seed: int) -> tuple[Folder, Folder]:
    """Hold out a share of the pictures, at least one and at most 20, chosen by the seed.

    Raises:
        DataError: there are too few pictures.
    """
    count = min(20, max(1, round(len(source) * share)))
    if count >= len(source):
        raise DataError(
            f"data.train must hold at least 2 pictures to hold one out, got {len(source)}; add "
            "pictures or name a validation folder"
        )
    order = draw(seed ^ 0x5917, 0, 4)
    held = {shuffled(i, len(source), order) for i in range(count)}
    return source.without(held), source.without(set(range(len(source))) - held)


def open_wholes(recipe: Recipe, source: Source, tasks: tuple[Task, ...], say: Say) -> Wholes:
    """Training pictures, in memory if they fit; broken and too small ones are left out, aloud."""
    data = recipe.data
    from_crops = data.lr_from == "crop"
    scales = () if from_crops else tuple(sorted({task.scale for task in tasks}))
    side = 0 if from_crops else max(stage.patch * max(scales) for stage in recipe.stages)
    wholes = keep_in_memory(source, scales, int(data.memory * _GB), max(1, side))
    for name, reason in list(wholes.broken.items())[:20]:
        say(f"left out {name}: {reason}")
    if len(wholes.broken) > 20:
        say(f"... and {len(wholes.broken) - 20} more left out; `hatsr data check` lists all")
    if not len(wholes):
        raise DataError(
            f"data.train must hold usable pictures, got {len(source)} of which none can be used"
        )
    return wholes


def make_networks(recipe: Recipe, say: Say) -> Networks:
    """The networks with the weights that the recipe's `start` asks for."""
    torch.manual_seed(recipe.seed)
    networks = Networks(recipe.config, tuple(task.scale for task in recipe.tasks))
    if recipe.start.interpolate:
        start_as_interpolation(networks.main)
    if recipe.start.checkpoint:
        say(str(transfer(networks.main, recipe.start.checkpoint)))
    if recipe.activation_checkpointing:
        for network in networks.each():
            network.use_activation_checkpointing()
    return networks
