"""`hatsr train` and `hatsr finetune`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from hatsr.training import Recipe

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


def _given(_context: click.Context, _parameter: click.Parameter, path: str) -> Path:
    """An empty path would mean the folder that the command is called in."""
    if not path:
        raise click.BadParameter("must be a folder, got ''; leave it out for ./runs")
    return Path(path)


def _run_options(command: Any) -> Any:
    """The options that fill `RunOptions`."""
    options = (
        click.option(
            "--runs", default="runs", show_default=True, callback=_given, help="Folder of all runs."
        ),
        click.option("--dry-run", is_flag=True, help="Preflight only: what it would do and cost."),
        click.option("--fresh", is_flag=True, help="Move the earlier run aside and start anew."),
        click.option("--minutes", type=float, help="Save and stop after so long; go on any time."),
        click.option("--threads", type=click.IntRange(1), help="Threads of PyTorch."),
        click.option("--cpu", is_flag=True, help="Use no GPU."),
    )
    for option in reversed(options):
        command = option(command)
    return command


@click.command()
@click.argument("recipe", required=False)
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
    from hatsr import training

    if schema:
        click.echo(training.schema(), nl=False)
        return
    if recipe is None:
        names = ", ".join(training.shipped_recipes())
        raise click.UsageError(f"RECIPE must be given: a YAML file, or one of {names}")
    options = RunOptions(
        runs=runs, dry_run=dry_run, fresh=fresh, minutes=minutes, threads=threads, cpu=cpu
    )
    with _plain_errors():
        _run(training.read_recipe(recipe, overrides), options)


@click.command()
@click.argument("folder")
@click.argument("overrides", nargs=-1, metavar="[KEY=VALUE]...")
@click.option("--from", "source", required=True, help="Trained network: shipped name, file or run.")
@_run_options
def finetune(  # noqa: PLR0913  one parameter for each option
    folder: str,
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
    from hatsr.training import finetune_recipe

    options = RunOptions(
        runs=runs, dry_run=dry_run, fresh=fresh, minutes=minutes, threads=threads, cpu=cpu
    )
    with _plain_errors():
        _run(finetune_recipe(Path(folder), source, overrides), options)


def _check_extra() -> None:
    from importlib.util import find_spec

    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        raise click.ClickException(
            f"training needs {', '.join(missing)}, not installed: pip install 'hat-sr[train]'"
        )


@contextmanager
def _plain_errors() -> Iterator[None]:
    """What a user can mend is shown as one message, without a traceback."""
    from hatsr.training import NotFiniteError, StateError

    try:
        yield
    except (ValueError, OSError, NotFiniteError, StateError) as error:
        raise click.ClickException(str(error)) from error


def _run(recipe: Recipe, options: RunOptions) -> None:
    """Train, or say what it would take."""
    import torch

    from hatsr import training
    from hatsr.apps.progress import Terminal

    if options.threads:
        torch.set_num_threads(options.threads)
    with closing(Terminal()) as terminal:
        if options.dry_run:
            told = training.dry_run(
                recipe, options.runs, fresh=options.fresh, cpu=options.cpu, listener=terminal
            )
            click.echo("\n".join(told.lines))
            return
        outcome = training.train(
            recipe,
            options.runs,
            fresh=options.fresh,
            cpu=options.cpu,
            listener=terminal,
            asked_to_stop=_stopper(options.minutes),
        )
    if outcome.is_main:
        click.echo(f"{outcome.reason} at iteration {outcome.progress.step:,}: {outcome.folder}")


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
