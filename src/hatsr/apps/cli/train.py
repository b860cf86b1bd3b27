"""`hatsr train` and `hatsr finetune`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hatsr.apps.cli.errors import Command, failed_work, wrong_usage
from hatsr.apps.cli.options import NAME, NEW_FOLDER, PATH, Declared

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import ExitStack

    from hatsr.training.log import Listener
    from hatsr.training.setup import Setup
    from hatsr.training.yaml_files import Values

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
    cpu: bool
    """Use no GPU."""


def _run_options(command: Declared) -> Declared:
    """The options that fill `RunOptions`."""
    options = (
        click.option(
            "--runs",
            type=NEW_FOLDER,
            default="runs",
            show_default=True,
            help="Folder of all runs.",
        ),
        click.option("--dry-run", is_flag=True, help="Preflight only: what it would do and cost."),
        click.option("--fresh", is_flag=True, help="Move the earlier run aside and start anew."),
        click.option(
            "--minutes",
            type=click.FloatRange(0),
            help="Save and stop after so long; go on any time.",
        ),
        click.option("--threads", type=click.IntRange(1), help="Threads of PyTorch."),
        click.option("--cpu", is_flag=True, help="Use no GPU."),
    )
    for option in reversed(options):
        command = option(command)
    return command


@click.command(cls=Command)
@click.argument("recipe", required=False, type=NAME)
@click.argument("overrides", nargs=-1, metavar="[KEY=VALUE]...")
@click.option("--schema", is_flag=True, help="Print the JSON schema of recipes.")
@_run_options
def train(  # noqa: PLR0913  one parameter for each option
    recipe: str | None,
    overrides: tuple[str, ...],
    schema: bool,
    runs: Path,
    dry_run: bool,
    fresh: bool,
    minutes: float | None,
    threads: int | None,
    cpu: bool,
) -> None:
    """Train as RECIPE says; an interrupted run goes on by itself.

    RECIPE is a YAML file, or the name of a shipped one, for example hat-x2. Values are changed by
    dotted keys, for example optim.learning_rate=1e-4.
    """
    _check_extra()
    from hatsr.training.recipe import schema as recipe_schema
    from hatsr.training.yaml_files import (
        find_recipe,
        read_overrides,
        read_values,
        shipped_recipes,
    )

    if schema:
        click.echo(recipe_schema(), nl=False)
        return
    if recipe is None:
        names = ", ".join(shipped_recipes())
        raise click.UsageError(f"RECIPE must be given: a YAML file, or one of {names}")
    with wrong_usage():
        values = read_overrides(overrides).over(read_values(find_recipe(recipe)))
    options = RunOptions(
        runs=runs, dry_run=dry_run, fresh=fresh, minutes=minutes, threads=threads, cpu=cpu
    )
    _run(values, options)


@click.command(cls=Command)
@click.argument("folder", type=PATH)
@click.argument("overrides", nargs=-1, metavar="[KEY=VALUE]...")
@click.option(
    "--from",
    "source",
    type=NAME,
    required=True,
    help="Trained network: shipped name, file or run.",
)
@_run_options
def finetune(  # noqa: PLR0913  one parameter for each option
    folder: Path,
    overrides: tuple[str, ...],
    source: str,
    runs: Path,
    dry_run: bool,
    fresh: bool,
    minutes: float | None,
    threads: int | None,
    cpu: bool,
) -> None:
    """Adapt a trained network to the pictures in FOLDER.

    A tenth of them is held out; training stops when these no longer improve, and the best
    weights are in runs/finetune-<folder>/best.safetensors.
    """
    _check_extra()
    from hatsr.training.finetune import finetune_values
    from hatsr.training.yaml_files import read_overrides

    with wrong_usage():
        values = read_overrides(overrides).over(finetune_values(folder, source))
    options = RunOptions(
        runs=runs, dry_run=dry_run, fresh=fresh, minutes=minutes, threads=threads, cpu=cpu
    )
    _run(values, options)


def _check_extra() -> None:
    from importlib.util import find_spec

    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        raise click.UsageError(
            f"training needs {', '.join(missing)}, not installed: pip install 'hat-sr[train]'"
        )


def _run(values: Values, options: RunOptions) -> None:
    """Set up, preflight, train."""
    from contextlib import ExitStack

    import torch

    from hatsr.inference.memory import kept_heap
    from hatsr.training.loop import NotFiniteError
    from hatsr.training.loop import train as loop
    from hatsr.training.preflight import preflight
    from hatsr.training.recipe import to_recipe
    from hatsr.training.setup import set_up
    from hatsr.training.state import StateError, set_aside

    if options.threads:
        torch.set_num_threads(options.threads)
    with wrong_usage():
        recipe = to_recipe(values)
        folder = options.runs / recipe.name
        if not options.fresh:
            _check_start(folder, recipe.start.checkpoint)
    with failed_work(NotFiniteError, StateError), kept_heap(), ExitStack() as ending:
        with wrong_usage():
            setup = set_up(recipe, folder, click.echo, cpu=options.cpu, fresh=options.fresh)
        is_main = setup.accelerator.is_main_process
        if options.fresh and is_main and not options.dry_run:
            set_aside(folder)
        if is_main:
            click.echo("\n".join(preflight(setup).lines))
        if options.dry_run:
            return
        setup.accelerator.wait_for_everyone()
        stop = _stopper(options.minutes)
        outcome = loop(setup, lambda step: _listeners(setup, step, ending), stop)
    if is_main:
        click.echo(f"{outcome.reason} at iteration {outcome.progress.step:,}: {folder}")


def _check_start(folder: Path, checkpoint: str | None) -> None:
    """A new run must not replace the weights that it starts from.

    Raises:
        ValueError: they lie in its folder.
    """
    from hatsr.files import check_not_input
    from hatsr.training.state import states

    if checkpoint and not states(folder / "states"):
        check_not_input(folder, [checkpoint])


def _listeners(setup: Setup, resumed_at: int, ending: ExitStack) -> list[Listener]:
    """The log, TensorBoard, and the terminal, which is closed however the run ends."""
    from hatsr.apps.cli.terminal import TrainingProgress
    from hatsr.training.log import JsonLines, TensorBoard

    listeners: list[Listener] = [JsonLines(setup.folder / "log.jsonl", resumed_at)]
    if setup.recipe.save.tensorboard:
        listeners.append(TensorBoard(setup.folder / "tensorboard", resumed_at))
    terminal = TrainingProgress(setup, resumed_at)
    ending.callback(terminal.close)
    return [*listeners, terminal]


def _stopper(minutes: float | None) -> Callable[[], bool]:
    """Whether the time is over, or someone pressed Ctrl-C or sent SIGTERM (twice: at once)."""
    import signal
    import time

    deadline = None if minutes is None else time.monotonic() + 60 * minutes
    asked: list[int] = []

    def ask(number: int, _frame: object) -> None:
        if asked:
            raise KeyboardInterrupt
        asked.append(number)
        click.echo("saving after this step; once more to stop at once", err=True)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, ask)
    return lambda: bool(asked) or (deadline is not None and time.monotonic() > deadline)
