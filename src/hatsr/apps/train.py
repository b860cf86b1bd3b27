"""`hatsr train` and `hatsr finetune`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import ExitStack

    from hatsr.training.log import Listener
    from hatsr.training.setup import Setup
    from hatsr.training.yaml_files import Values

_NEEDED = ("accelerate", "pydantic", "tensorboard", "yaml")


def _run_options(command: Any) -> Any:
    """The options that every kind of run has."""
    options = (
        click.option("--runs", default="runs", show_default=True, help="Folder of all runs."),
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
def train(recipe: str | None, overrides: tuple[str, ...], schema: bool, **options: Any) -> None:
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
    with _plain_errors():
        _run(read_overrides(overrides).over(read_values(find_recipe(recipe))), options)


@click.command()
@click.argument("folder")
@click.argument("overrides", nargs=-1, metavar="[KEY=VALUE]...")
@click.option("--from", "source", required=True, help="Trained network: shipped name, file or run.")
@click.option("--degrade", help="Preset of degraded LR, for example photo; clean LR without.")
@_run_options
def finetune(
    folder: str, overrides: tuple[str, ...], source: str, degrade: str | None, **options: Any
) -> None:
    """Adapt a trained network to the pictures in FOLDER.

    A tenth of them is held out; training stops when these no longer improve, and the best
    weights are in runs/finetune-<folder>/best.safetensors.
    """
    _check_extra()
    from pathlib import Path

    from hatsr.training.finetune import finetune_values
    from hatsr.training.yaml_files import read_overrides

    with _plain_errors():
        values = finetune_values(Path(folder), source, degrade)
        _run(read_overrides(overrides).over(values), options)


def _check_extra() -> None:
    from importlib.util import find_spec

    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        raise click.ClickException(
            f"training needs {', '.join(missing)}, not installed: pip install 'hat-sr[train]'"
        )


class _plain_errors:  # noqa: N801  reads as a word in `with`
    """What a user can mend is shown as one message, without a traceback."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        from hatsr.training.loop import NotFiniteError
        from hatsr.training.state import StateError

        if isinstance(error, ValueError | OSError | NotFiniteError | StateError):
            raise click.ClickException(str(error)) from error


def _run(values: Values, options: dict[str, Any]) -> None:
    """Set up, preflight, train."""
    from contextlib import ExitStack
    from pathlib import Path

    import torch

    from hatsr.inference.memory import kept_heap
    from hatsr.training.loop import train as loop
    from hatsr.training.preflight import preflight
    from hatsr.training.recipe import to_recipe
    from hatsr.training.setup import set_up
    from hatsr.training.state import set_aside

    if options["threads"]:
        torch.set_num_threads(options["threads"])
    recipe = to_recipe(values)
    folder = Path(options["runs"]) / recipe.name
    with kept_heap(), ExitStack() as ending:
        setup = set_up(recipe, folder, click.echo, cpu=options["cpu"], fresh=options["fresh"])
        is_main = setup.accelerator.is_main_process
        if options["fresh"] and is_main and not options["dry_run"]:
            set_aside(folder)
        if is_main:
            click.echo("\n".join(preflight(setup).lines))
        if options["dry_run"]:
            return
        setup.accelerator.wait_for_everyone()
        stop = _stopper(options["minutes"])
        outcome = loop(setup, lambda step: _listeners(setup, step, ending), stop)
    if is_main:
        click.echo(f"{outcome.reason} at iteration {outcome.progress.step:,}: {folder}")


def _listeners(setup: Setup, resumed_at: int, ending: ExitStack) -> list[Listener]:
    """The log, TensorBoard, and the terminal, which is closed however the run ends."""
    from hatsr.apps.progress import Terminal
    from hatsr.training.log import JsonLines, TensorBoard

    listeners: list[Listener] = [JsonLines(setup.folder / "log.jsonl", resumed_at)]
    if setup.recipe.save.tensorboard:
        listeners.append(TensorBoard(setup.folder / "tensorboard", resumed_at))
    terminal = Terminal(setup, resumed_at)
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
