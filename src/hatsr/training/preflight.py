"""What a run will take, said before it starts; a disk without room for it is refused here."""

import shutil
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import psutil
import torch

from hatsr.data import stack
from hatsr.evaluation.cost.network_cost import complexity_of
from hatsr.training.adversarial import UNetDiscriminator
from hatsr.training.ema import averaged
from hatsr.training.loop import clip, loss_of
from hatsr.training.losses import LOSSES
from hatsr.training.recipe import Recipe
from hatsr.training.start.setup import Setup
from hatsr.training.states import newest_step, states
from hatsr.training.validation import bicubic_score

_MB, _GB = 1 << 20, 1 << 30
_COPIES = 4  # weights, average and two moments


@dataclass(frozen=True, slots=True)
class Preflight:
    """What a run is expected to cost."""

    parameters: int
    """Learned numbers of the network."""
    step_seconds: float
    """Time of the next step, seconds."""
    seconds_left: float
    """From the newest state to the end, without validation, if all steps were like the next."""
    peak_memory: int
    """Most bytes used so far, timed steps included."""
    lines: tuple[str, ...]
    """All of it for a person to read."""


def preflight(setup: Setup, fresh: bool = False) -> Preflight:
    """Count, time two steps, and look for room.

    Args:
        setup: the run.
        fresh: it starts anew, whatever states there are.

    Raises:
        ValueError: the disk cannot hold the states.
    """
    recipe, config = setup.recipe, setup.recipe.config
    folder = setup.folder / "states"
    done = 0 if fresh else newest_step(folder)
    there = 0 if fresh else sum(path.stat().st_size for path in states(folder))
    state = sum(p.numel() for p in setup.networks.parameters()) * 4 * _COPIES
    if recipe.adversarial:
        state += _adversary_bytes(recipe)
    _check_room(setup.folder, state * (recipe.save.keep + 1) - there)
    cost = complexity_of(config)
    step_seconds = timed_steps(setup, done)
    left = max(0, recipe.iterations - done) * step_seconds
    later = " without the discriminator" if recipe.adversarial else ""
    later += ", if later stages took as long" if _stage_changes(setup, done) else ""
    peak = _peak_memory(setup.accelerator.device)
    lines = (
        f"network     x{config.scale}, {cost.parameters:,} parameters, "
        f"{cost.multiply_adds / 4096e6:.3f} M multiply-adds per LR pixel",
        *_pictures(setup),
        _steps(setup, done),
        _loss(recipe),
        f"time        {step_seconds:.3f} s a step, about {_hours(left)} left{later}",
        f"memory      {peak / _GB:.2f} GB; disk {state / _MB:.0f} MB a state",
    )
    return Preflight(cost.parameters, step_seconds, left, peak, lines)


def _adversary_bytes(recipe: Recipe) -> int:
    """Of the discriminator with its two moments, and of the pool, in a state."""
    options = recipe.adversarial
    if options is None:
        return 0
    with torch.device("meta"):
        numbers = sum(p.numel() for p in UNetDiscriminator(options.width).parameters())
    pixels = recipe.largest_patch**2 * (1 + recipe.config.scale**2)
    return numbers * 4 * 3 + options.pool * 3 * pixels


def _stage_changes(setup: Setup, done: int) -> bool:
    return setup.plan.stage(done) != setup.plan.stages[-1]


def _pictures(setup: Setup) -> tuple[str, str]:
    """How many pictures there are to train on and to validate by."""
    pairs = setup.patches.pairs
    epochs = setup.plan.first_sample(setup.recipe.iterations) / len(pairs)
    where = f"{pairs.bytes_kept / _MB:.0f} MB in memory" if pairs.kept else "read when needed"
    validation = "none"
    if setup.validation:
        score = bicubic_score(setup.validation, setup.recipe.config.scale)
        validation = f"{len(setup.validation)} pictures, bicubic {score:.2f} dB (Y)"
    return (
        f"training    {len(pairs):,} pictures ({where}), {epochs:,.1f} epochs",
        f"validation  {validation}",
    )


def _steps(setup: Setup, done: int) -> str:
    stage, accelerator = setup.plan.stage(done), setup.accelerator
    processes = f"{accelerator.num_processes} x {accelerator.device.type}"
    return (
        f"iterations  {done:,} done of {setup.recipe.iterations:,}, batch {stage.batch}, "
        f"LR patch {stage.patch}, on {processes}, {torch.get_num_threads()} threads"
    )


def _loss(recipe: Recipe) -> str:
    """What the numbers after "loss" will be."""
    name = recipe.optim.loss
    more = ", with perceptual and adversarial losses added" if recipe.adversarial else ""
    return f"loss        {name}: {LOSSES[name]}{more}; lower is better"


def timed_steps(setup: Setup, step: int, count: int = 2) -> float:
    """Seconds that the fastest of a few tries of a step takes; nothing of the run changes."""
    seconds = []
    networks = averaged(setup.networks).train().requires_grad_(True)
    networks.to(setup.accelerator.device)
    samples = setup.plan.part(step, 0, 0)
    side = setup.plan.stage(step).patch
    batch = stack([setup.patches[number, side] for number in samples])
    for _ in range(count):
        begun = time.perf_counter()
        with setup.accelerator.autocast():
            loss = loss_of(networks, batch, setup.recipe.optim)
        loss.backward()
        float(clip(networks, setup.recipe.optim))
        seconds.append(time.perf_counter() - begun)
    return min(seconds) * setup.recipe.accumulate


def _check_room(folder: Path, needed: int) -> None:
    existing = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    free = shutil.disk_usage(existing).free
    if free < needed:
        raise ValueError(
            f"{existing} must have room for the states, {needed / _MB:.0f} MB, got "
            f"{free / _MB:.0f} MB; make room or lower save.keep"
        )


def _peak_memory(device: torch.device) -> int:
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated()
    if sys.platform == "win32":
        return psutil.Process().memory_info().peak_wset
    import resource  # not on Windows

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def _hours(seconds: float) -> str:
    if seconds < 5400:
        return f"{seconds / 60:.1f} minutes"
    return f"{seconds / 3600:.1f} hours" if seconds < 2e5 else f"{seconds / 86400:.1f} days"
