"""Ctrl-C, SIGTERM and the clock, at every moment of a run."""

import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

import pytest
from click.testing import CliRunner, Result
from tiny import TINY_NETWORK, tiny

from hatsr.apps.cli import cli
from hatsr.apps.learning.stopping import StopRequest
from hatsr.checkpoint import save
from hatsr.training.states import newest_step

BEFORE_A_STEP = "Error: stopped before the first step; start the same command again"
GOES_ON = "Error: stopped; the same command goes on from here"
AT_ONCE = "Error: stopped at once, without saving; the run can go on from its newest state, if any"
NUMBERS = (signal.SIGINT, signal.SIGTERM)


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    kept = {number: signal.getsignal(number) for number in NUMBERS}
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)


@pytest.fixture
def start(pictures: Path, tmp_path: Path) -> Callable[..., Result]:
    """Call train or finetune for a tiny run, `runs/tiny`."""
    save(tiny(), tmp_path / "tiny.safetensors")
    recipe = tmp_path / "tiny.yaml"
    recipe.write_text(f"network: {TINY_NETWORK}\nvalid: {{data: {pictures}, pictures: 0}}\n")
    given = {
        "train": [recipe, f"data.train=[{pictures}]"],
        "finetune": [pictures, "--from", tmp_path / "tiny.safetensors"],
    }

    def call(command: str, *more: str) -> Result:
        arguments = [
            *(command, *given[command], "name=tiny", "iterations=4", "data.patch=8"),
            *("data.batch=2", "data.workers=0", "save.every=2", "save.tensorboard=false"),
            *("--runs", tmp_path / "runs", "--device", "cpu", *more),
        ]
        return CliRunner().invoke(cli, [str(each) for each in arguments])

    return call


@pytest.mark.parametrize("command", ["train", "finetune"])
@pytest.mark.parametrize(
    ("place", "signals", "said", "saved"),
    [
        ("hatsr.apps.learning.train.check_extra", 1, BEFORE_A_STEP, 0),
        ("hatsr.training.start.setup.keep_in_memory", 1, BEFORE_A_STEP, 0),
        ("hatsr.training.preflight.timed_steps", 1, BEFORE_A_STEP, 0),
        ("hatsr.training.run.scores", 1, BEFORE_A_STEP, 0),  # validation at step 0
        ("hatsr.training.loop.change_weights", 1, GOES_ON, 1),
        ("hatsr.training.run.save_state", 1, GOES_ON, 3),
        ("hatsr.training.loop.change_weights", 2, AT_ONCE, 0),
    ],
)
def test_ctrl_c_is_exit_code_130(
    start: Callable[..., Result],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: str,
    place: str,
    signals: int,
    said: str,
    saved: int,
) -> None:
    plain: Any = resolve_name(place)
    numbers = iter([signal.SIGINT] * signals)  # at the first call alone

    def stopped(*given: Any, **named: Any) -> Any:
        for number in numbers:
            signal.raise_signal(number)
        return plain(*given, **named)

    monkeypatch.setattr(place, stopped)
    result = start(command)
    assert (result.exit_code, result.output.splitlines()[-1]) == (130, said), result.output
    assert newest_step(tmp_path / "runs" / "tiny" / "states") == saved
    monkeypatch.undo()
    again = start(command)
    assert again.exit_code == 0, again.output
    assert "finished at iteration 4" in again.output


@pytest.mark.parametrize("number", NUMBERS)
def test_a_signal_stops_at_once_before_the_first_look_and_asks_after_it(
    number: signal.Signals,
) -> None:
    stop = StopRequest()
    with pytest.raises(KeyboardInterrupt, match="before the first step"):
        signal.raise_signal(number)
    assert stop()  # also where an import swallowed the interrupt
    stop = StopRequest()
    assert not stop()
    signal.raise_signal(number)
    assert stop()
    assert stop.is_signalled
    with pytest.raises(KeyboardInterrupt, match="stopped at once, without saving"):
        signal.raise_signal(number)


def test_time_that_is_over_is_no_signal() -> None:
    assert not StopRequest(minutes=1.0)()
    stop = StopRequest(minutes=-1.0)
    assert (stop(), stop.is_signalled) == (True, False)


@pytest.mark.parametrize("command", ["train", "finetune"])
def test_help_tells_the_exit_codes(command: str) -> None:
    said = " ".join(CliRunner().invoke(cli, [command, "--help"]).output.split())
    assert "Exit code: 0 done, 1 failed, 2 wrong usage, 130 stopped by Ctrl-C." in said
