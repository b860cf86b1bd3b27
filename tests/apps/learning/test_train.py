"""`hatsr train` and `hatsr finetune` from the outside."""

import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tiny import TINY_NETWORK

from hatsr.apps.learning.train import finetune, train
from hatsr.apps.learning.training_bar import TrainingBar
from hatsr.training.recipe import schema
from hatsr.training.states import newest_step


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)


@pytest.fixture
def recipe(pictures: Path, tmp_path: Path) -> Path:
    values = {
        "name": "tiny",
        "iterations": 4,
        "network": TINY_NETWORK,
        "data": {"train": [str(pictures)], "patch": 8, "batch": 2, "workers": 0},
        "valid": {"data": str(pictures), "every": 2, "pictures": 1},
        "save": {"every": 2, "log_every": 2, "tensorboard": False},
    }
    path = tmp_path / "tiny.yaml"
    path.write_text(json.dumps(values))  # which is YAML
    return path


def call(command: object, *arguments: object) -> Result:
    return CliRunner().invoke(command, [str(a) for a in arguments])  # pyright: ignore


def test_trains_and_goes_on(recipe: Path, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    first = call(train, recipe, "iterations=2", "--runs", runs, "--device", "cpu")
    assert first.exit_code == 0, first.output
    assert "finished at iteration 2" in first.output
    again = call(train, recipe, "--runs", runs, "--device", "cpu")
    assert "iterations  2 done of 4" in again.output
    assert "resuming with another iterations: 2 -> 4" in again.output
    assert "finished at iteration 4" in again.output
    assert {path.name for path in (runs / "tiny").iterdir()} == {
        *("states", "samples", "log.jsonl", "best.safetensors", "last.safetensors")
    }
    fresh = call(train, recipe, "--runs", runs, "--device", "cpu", "--fresh", "--minutes", "0")
    assert "interrupted at iteration 0" in fresh.output
    assert fresh.exit_code == 0  # as it was asked to
    assert fresh.output.endswith("\nthe same command without --fresh goes on from here\n")
    kept = {path.name for path in (runs / "tiny.old0").iterdir()}
    assert {"states", "log.jsonl", "best.safetensors", "last.safetensors"} <= kept
    assert "0 done of 4" in fresh.output


def test_a_stop_of_the_whole_group_is_saved(recipe: Path, tmp_path: Path) -> None:
    changes = ["iterations=1000000", "save.every=1000000", "data.workers=2", "valid.data=null"]
    command = [
        sys.executable,
        "-c",
        "from hatsr.apps.learning.train import train; train()",
        str(recipe),
    ]
    with (tmp_path / "out").open("wb") as out:
        process = subprocess.Popen(
            [
                *command,
                *changes,
                "--runs",
                str(tmp_path / "runs"),
                "--device",
                "cpu",
                "--threads",
                "1",
            ],
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        log = tmp_path / "runs" / "tiny" / "log.jsonl"
        while not (log.exists() and '"event": "step"' in log.read_text()):
            assert process.poll() is None, (tmp_path / "out").read_text()
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGTERM)
        code = process.wait(timeout=60)
    said = (tmp_path / "out").read_text()
    assert (code, "interrupted at iteration" in said) == (130, True), said
    assert said.splitlines()[-1] == "Error: stopped; the same command goes on from here"
    assert newest_step(tmp_path / "runs" / "tiny" / "states") > 0


def test_the_bar_ends_with_the_run(
    recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[bool] = []
    monkeypatch.setattr(TrainingBar, "close", lambda self: closed.append(True))

    def fail(self: TrainingBar, event: object) -> None:
        raise ValueError("this must fail")

    monkeypatch.setattr(TrainingBar, "__call__", fail)
    result = call(train, recipe, "--runs", tmp_path / "runs", "--device", "cpu")
    assert "this must fail" in result.output
    assert closed == [True]


def test_finetune_takes_a_run_and_refuses_another_one(
    recipe: Path, pictures: Path, tmp_path: Path
) -> None:
    runs = ("--runs", tmp_path / "runs", "--device", "cpu")
    assert call(train, recipe, *runs).exit_code == 0
    few = ("iterations=1", "data.patch=8", "data.batch=2", "data.workers=0", "name=mine")
    first = call(finetune, pictures, *few, "--from", tmp_path / "runs" / "tiny", *runs)
    assert first.exit_code == 0, first.output
    assert "best.safetensors" in first.output
    other = shutil.copytree(pictures, tmp_path / "deep" / pictures.name)
    (other / "1.png").unlink()
    again = call(finetune, other, *few, "--from", tmp_path / "runs" / "tiny", *runs)
    assert again.exit_code == 1
    assert "must keep its training pictures" in again.output


def test_a_run_does_not_replace_the_weights_that_it_starts_from(
    recipe: Path, pictures: Path, tmp_path: Path
) -> None:
    runs, few = tmp_path / "runs", ("iterations=1", "valid.data=null", "save.every=1")
    assert call(train, recipe, *few, "--runs", runs, "--device", "cpu").exit_code == 0
    shutil.rmtree(runs / "tiny" / "states")
    start = f"start.checkpoint={runs / 'tiny' / 'last.safetensors'}"
    again = call(train, recipe, *few, start, "--runs", runs, "--device", "cpu")
    assert again.exit_code == 2
    assert "output must not replace an input" in again.output
    assert (
        call(train, recipe, *few, start, "--runs", runs, "--device", "cpu", "--fresh").exit_code
        == 0
    )


def test_dry_run_writes_nothing(recipe: Path, tmp_path: Path) -> None:
    result = call(train, recipe, "--runs", tmp_path / "runs", "--dry-run", "--device", "cpu")
    assert "parameters" in result.output
    assert not (tmp_path / "runs").exists()


def test_schema() -> None:
    assert call(train, "--schema").output == schema()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "RECIPE must be given"),
        (("none.yaml",), "a recipe must be a YAML file or one of hat-l-x2"),
        (
            ("hat-t-x2", "data.train=[none]", "--device", "cpu"),
            "data.train must be a folder that exists, got none; give it as data.train=[DIR]",
        ),
        (
            ("hat-t-x2", "valid.data=none", "--device", "cpu", "--dry-run"),
            "valid.data must be a folder that exists, got none; give it as valid.data=DIR, or in",
        ),
        (
            ("hat-x2-imagenet", "valid.data=null", "--device", "cpu"),
            "data.train must be a file that exists, got data/imagenet/manifest.json; give it as",
        ),
        (("RECIPE", "data.train_lr=no", "--device", "cpu"), "data.train_lr must be a folder that"),
        (("RECIPE", "valid.data_lr=no", "--device", "cpu"), "valid.data_lr must be a folder that"),
        (("RECIPE", "dta.patch=4"), "unknown key dta in the command line; did you mean data"),
        (("RECIPE", "data.train=[none]", "--device", "cpu"), "data.train must be a folder that"),
        (("RECIPE", "--runs", ""), "a path must not be empty"),
        (("RECIPE", "name=''", "--fresh"), "name in the command line: must be letters"),
    ],
)
def test_messages(recipe: Path, arguments: tuple[str, ...], message: str) -> None:
    result = call(train, *(str(recipe) if a == "RECIPE" else a for a in arguments))
    assert result.exit_code == 2
    assert message in result.output
    assert "Traceback" not in result.output


def test_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "accelerate" else find(name)
    )
    result = call(train, "any.yaml")
    assert "pip install 'hat-sr[train]'" in result.output


def test_finetune_refuses_an_empty_folder(tmp_path: Path) -> None:
    assert "must hold pictures" in call(finetune, tmp_path, "--from", "hat-t-x4").output
