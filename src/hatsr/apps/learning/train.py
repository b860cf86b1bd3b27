"""`hatsr train` and `hatsr finetune`."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hatsr.apps.cli.exit_codes import Command, failed_work, wrong_usage
from hatsr.apps.cli.options import NAME, NEW_FOLDER, PATH, device_option, gathered
from hatsr.apps.learning.stopping import StopRequest

if TYPE_CHECKING:
    from hatsr.training import Recipe, TrainingResult

_NEEDED = ("accelerate", "pydantic", "tensorboard", "yaml")


@dataclass(frozen=True, kw_only=True, slots=True)
class RunOptions:
    """What every kind of run can be told beside its recipe."""

    runs: Path
    """Folder of all runs."""
    dry_run: bool
    """Preflight only."""
    fresh: bool
    """Move an earlier run of the name aside."""
    minutes: float | None
    """Stop after so long; None: at the end."""
    threads: int | None
    """Threads of PyTorch; None: as many as it takes."""
    device: str
    """As torch names it, or auto."""


_run_options = gathered(
    RunOptions,
    "options",
    click.option(
        "--runs",
        type=NEW_FOLDER,
        metavar="DIR",
        default="runs",
        show_default=True,
        help="Folder of all runs.",
    ),
    click.option("--dry-run", is_flag=True, help="Only say what the run would do and cost."),
    click.option("--fresh", is_flag=True, help="Move the earlier run aside and start anew."),
    click.option(
        "--minutes", type=click.FloatRange(0), help="Save and stop after so long; go on any time."
    ),
    click.option("--threads", type=click.IntRange(1), help="Threads for PyTorch."),
    device_option,
)
"""The options that fill `RunOptions`."""


@click.command(cls=Command)
@click.argument("recipe", required=False, type=NAME)
@click.argument("overrides", nargs=-1, metavar="[KEY=VALUE]...")
@click.option("--schema", is_flag=True, help="Print the JSON schema of recipes.")
@_run_options
def train(
    recipe: str | None,
    overrides: tuple[str, ...],
    schema: bool,
    options: RunOptions,
) -> None:
    """Train as RECIPE says; an interrupted run goes on by itself.

    RECIPE is a YAML file, or the name of a shipped one, for example hat-x2. Values are changed by
    dotted keys, for example optim.learning_rate=1e-4. Shipped recipes look for pictures in folders
    of data/; give yours as data.train=[DIR] and valid.data=DIR.

    Exit code: 0 done, 1 failed, 2 wrong usage, 130 stopped by Ctrl-C.
    """
    stop = StopRequest(options.minutes)
    check_extra()
    from hatsr import training

    if schema:
        click.echo(training.schema(), nl=False)
        return
    if recipe is None:
        names = ", ".join(training.shipped_recipes())
        raise click.UsageError(f"RECIPE must be given: a YAML file, or one of {names}")
    with wrong_usage():
        read = training.read_recipe(recipe, overrides)
    _run(read, options, stop)


@click.command(cls=Command)
@click.argument("folder", type=PATH, metavar="DIR")
@click.argument("overrides", nargs=-1, metavar="[KEY=VALUE]...")
@click.option(
    "--from",
    "source",
    type=NAME,
    metavar="NAME|PATH",
    required=True,
    help="Trained network: shipped name, file or run.",
)
@click.option(
    "--degrade",
    type=NAME,
    metavar="PRESET",
    help="Preset of degraded LR, for example photo; clean LR without.",
)
@_run_options
def finetune(
    folder: Path,
    overrides: tuple[str, ...],
    source: str,
    degrade: str | None,
    options: RunOptions,
) -> None:
    """Adapt a trained network to the pictures in DIR.

    A tenth of them is held out; training stops when these no longer improve, and the best
    weights are in runs/finetune-<name of DIR>/best.safetensors.

    Exit code: 0 done, 1 failed, 2 wrong usage, 130 stopped by Ctrl-C.
    """
    stop = StopRequest(options.minutes)
    check_extra()
    from hatsr.training import finetune_recipe

    with wrong_usage():
        recipe = finetune_recipe(folder, source, overrides, degrade)
    _run(recipe, options, stop)


def check_extra() -> None:
    """Refuse to train without the packages for it."""
    from importlib.util import find_spec

    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        raise click.UsageError(
            f"training needs {', '.join(missing)}, not installed: pip install 'hat-sr[train]'"
        )


def _run(recipe: Recipe, options: RunOptions, stop: StopRequest) -> None:
    """Train, or say what it would take."""
    import torch

    from hatsr import training
    from hatsr.apps.learning.training_bar import TrainingBar
    from hatsr.inference.engine import limit_threads

    limit_threads()
    if options.threads:
        torch.set_num_threads(options.threads)
    with (
        failed_work(training.NotFiniteError, training.StateError),
        wrong_usage(training.SetupError),
        closing(TrainingBar()) as progress,
    ):
        if options.dry_run:
            told = training.dry_run(
                recipe, options.runs, fresh=options.fresh, device=options.device, listener=progress
            )
            click.echo("\n".join(told.lines))
            return
        outcome = training.train(
            recipe,
            options.runs,
            fresh=options.fresh,
            device=options.device,
            listener=progress,
            asked_to_stop=stop,
        )
    if outcome.is_main:
        click.echo(f"{outcome.reason} at iteration {outcome.progress.step:,}: {outcome.folder}")
    if outcome.reason == "interrupted":
        _say_how_to_go_on(outcome, options, stop)


def _say_how_to_go_on(outcome: TrainingResult, options: RunOptions, stop: StopRequest) -> None:
    """The last line of a run that was stopped and saved; after Ctrl-C, the exit code as well."""
    again = f"the same command{' without --fresh' if options.fresh else ''} goes on from here"
    if stop.is_signalled:
        raise KeyboardInterrupt(f"stopped; {again}")
    if outcome.is_main:
        click.echo(again)
