"""What a run will take, told before it starts; what cannot work is refused here."""

import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import psutil
import torch

from hatsr.evaluation.cost.complexity import complexity
from hatsr.training.loop import timed_steps
from hatsr.training.setup import Setup
from hatsr.training.state import newest_step, states
from hatsr.training.validation import bicubic_score

_MB, _GB = 1 << 20, 1 << 30
_COPIES = 4  # weights, average and two moments


@dataclass(frozen=True, slots=True)
class Preflight:
    """A run's expected cost."""

    parameters: int
    """Learned numbers of the network."""
    step_seconds: float
    """Of the next step."""
    seconds_left: float
    """From the newest state to the end, without validation, if all steps were like the next."""
    peak_memory: int
    """Most bytes used so far, timed steps included."""
    lines: tuple[str, ...]
    """All of it in words."""


def preflight(setup: Setup) -> Preflight:
    """Count, time two steps, and look for room.

    Raises:
        ValueError: the disk cannot hold the states.
    """
    recipe, config, wholes = setup.recipe, setup.recipe.config, setup.patches.wholes
    cost = complexity(config, 64, 64)
    state = sum(p.numel() for p in setup.networks.parameters()) * 4 * _COPIES
    there = sum(path.stat().st_size for path in states(setup.folder / "states"))
    _check_room(setup.folder, state * (recipe.save.keep + 1) - there)
    done = newest_step(setup.folder / "states")
    step_seconds = timed_steps(setup, done)
    left = max(0, recipe.iterations - done) * step_seconds
    samples = setup.plan.first_sample(recipe.iterations)
    where = f"{wholes.bytes_kept / _MB:.0f} MB in memory" if wholes.kept else "read when needed"
    judged, stage = "none", setup.plan.stage(done)
    later = ", if later stages took as long" if stage != setup.plan.stages[-1] else ""
    peak = _peak_memory(setup.accelerator.device)
    if setup.held:
        score = bicubic_score(setup.held, config.scale)
        judged = f"{len(setup.held)} pictures, bicubic {score:.2f} dB (Y)"
    processes = f"{setup.accelerator.num_processes} x {setup.accelerator.device.type}"
    lines = (
        f"network     x{config.scale}, {cost.parameters:,} parameters, "
        f"{cost.multiply_adds / 4096e6:.3f} M multiply-adds per LR pixel",
        f"training    {len(wholes):,} pictures ({where}), {samples / len(wholes):,.1f} epochs",
        f"validation  {judged}",
        f"iterations  {done:,} done of {recipe.iterations:,}, batch {stage.batch}, "
        f"LR patch {stage.patch}, on {processes}, {torch.get_num_threads()} threads",
        f"time        {step_seconds:.3f} s a step, about {_hours(left)} left{later}",
        f"memory      {peak / _GB:.2f} GB; disk {state / _MB:.0f} MB a state",
    )
    return Preflight(cost.parameters, step_seconds, left, peak, lines)


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
