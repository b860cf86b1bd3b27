"""From a recipe to its outcome in one call: set up, say what it will take, train."""

from collections.abc import Callable
from pathlib import Path

from hatsr.files import check_not_input
from hatsr.inference.engine import limit_threads, retain_freed_memory
from hatsr.inference.settings import AUTO
from hatsr.training.events import Event, JsonLines, Listener, TensorBoard, ignore
from hatsr.training.loop import TrainingResult, run_steps
from hatsr.training.preflight import Preflight, preflight
from hatsr.training.recipe import Recipe
from hatsr.training.start.setup import Setup, set_up
from hatsr.training.states import set_aside, states

RUNS = Path("runs")
"""The folder of all runs, unless another one is given."""


class SetupError(ValueError):
    """What cannot work, found before the first step."""


def train(
    recipe: Recipe,
    runs: Path = RUNS,
    *,
    fresh: bool = False,
    device: str = AUTO,
    listener: Listener = ignore,
    asked_to_stop: Callable[[], bool] = lambda: False,
) -> TrainingResult:
    """Train as a recipe says, from the newest state of its run or from the start.

    Args:
        recipe: the run; see `read_recipe` and `finetune_recipe`.
        runs: folder of all runs; the run's is named as the recipe.
        fresh: move an earlier run of the name aside and start anew.
        device: auto, cpu, cuda, cuda:1, mps ...; auto is a GPU for each process where there is one.
        listener: takes the events, which are also written to the run's `log.jsonl` and, if the
            recipe wants it, to TensorBoard files.
        asked_to_stop: looked at between steps; once it is true, the state is saved.

    Raises:
        SetupError: what cannot work, found before the first step.
        ValueError: an earlier run of the name is another one.
        NotFiniteError: loss or gradient is not finite; the weights before it are saved.
        StateError: a state could not be written.
    """
    folder, say = runs / recipe.name, _setup_logger(listener)
    with retain_freed_memory():
        setup = _set_up(recipe, folder, say, device=device, fresh=fresh)
        if setup.accelerator.is_main_process:
            say("\n".join(preflight(setup, fresh).lines))
            if fresh:
                set_aside(folder)
        setup.accelerator.wait_for_everyone()
        return run_steps(setup, lambda step: _listeners(setup, step, listener), asked_to_stop)


def dry_run(
    recipe: Recipe,
    runs: Path = RUNS,
    *,
    fresh: bool = False,
    device: str = AUTO,
    listener: Listener = ignore,
) -> Preflight:
    """What a run would do and cost; nothing is written. Arguments and errors as for `train`."""
    with retain_freed_memory():
        setup = _set_up(
            recipe, runs / recipe.name, _setup_logger(listener), device=device, fresh=fresh
        )
        return preflight(setup, fresh)


def _set_up(
    recipe: Recipe, folder: Path, say: Callable[[str], None], *, device: str, fresh: bool
) -> Setup:
    """Set up; a new run must not replace the weights that it starts from."""
    limit_threads()
    checkpoint = recipe.start.checkpoint
    try:
        if checkpoint and not fresh and not states(folder / "states"):
            check_not_input(folder, [checkpoint])
        return set_up(recipe, folder, say, device=device, fresh=fresh)
    except (ValueError, OSError) as error:
        raise SetupError(str(error)) from error


def _setup_logger(listener: Listener) -> Callable[[str], None]:
    """A function that passes lines on to a listener, as set-up events."""

    def say(text: str) -> None:
        event: Event = {"event": "setup", "step": 0, "text": text}
        listener(event)

    return say


def _listeners(setup: Setup, resumed_at: int, listener: Listener) -> list[Listener]:
    files: list[Listener] = [JsonLines(setup.folder / "log.jsonl", resumed_at)]
    if setup.recipe.save.tensorboard:
        files.append(TensorBoard(setup.folder / "tensorboard", resumed_at))
    return [*files, listener]
