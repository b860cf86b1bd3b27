"""A run that is killed goes on as if nothing had happened, to the last bit."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from tiny_runs import assert_same, newest, run

from hatsr.training.recipe import Recipe
from hatsr.training.states import states, step_of

DRIVER = """
import sys, torch
torch.set_num_threads(1)
from pathlib import Path
from hatsr.training.loop import run_steps
from hatsr.training.recipe import Recipe
from hatsr.training.start.setup import set_up
recipe = Recipe.model_validate_json(Path(sys.argv[1]).read_text())
run_steps(set_up(recipe, Path(sys.argv[2]), device="cpu"), lambda step: [], lambda: False)
"""


@pytest.fixture
def one_thread() -> Any:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


ADVERSARIAL = {"width": 2, "pool": 10}


@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize("adversarial", [None, ADVERSARIAL], ids=["plain", "adversarial"])
def test_killed_and_resumed_is_bit_identical(
    tiny: Callable[..., Recipe], tmp_path: Path, adversarial: dict | None
) -> None:
    recipe = tiny(data={"workers": 2}, iterations=40, adversarial=adversarial)
    run(recipe, tmp_path / "straight")
    recipe_file = tmp_path / "recipe.json"
    recipe_file.write_text(json.dumps(recipe.model_dump(mode="json")))
    folder = tmp_path / "killed"
    command = [sys.executable, "-c", DRIVER, str(recipe_file), str(folder)]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(command, env=environment, start_new_session=True)
    while not states(folder / "states"):
        assert process.poll() is None
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert newest(folder)["progress"]["step"] < 40
    run(recipe, folder)
    assert_same(newest(tmp_path / "straight"), newest(folder))


@pytest.mark.usefixtures("one_thread", "another_precision")
@pytest.mark.parametrize(
    ("stop_at", "changes"),
    [
        (1, {}),
        (4, {}),
        (7, {}),
        (4, {"adversarial": ADVERSARIAL}),
        (4, {"precision": "bf16"}),
    ],
)
def test_interrupted_is_bit_identical(
    tiny: Callable[..., Recipe], tmp_path: Path, stop_at: int, changes: dict
) -> None:
    stages = [{"start": 5, "patch": 4, "batch": 8}]
    recipe = tiny(accumulate=2, data={"stages": stages}, **changes)
    run(recipe, tmp_path / "straight")
    run(recipe, tmp_path / "cut", stop_at)
    assert newest(tmp_path / "cut")["progress"]["step"] == stop_at
    run(recipe, tmp_path / "cut")
    assert_same(newest(tmp_path / "straight"), newest(tmp_path / "cut"))


def test_damaged_state_falls_back_aloud(tiny: Callable[..., Recipe], tmp_path: Path) -> None:
    recipe = tiny()
    run(recipe, tmp_path)
    straight = newest(tmp_path)
    damaged = states(tmp_path / "states")[0]
    data = bytearray(damaged.read_bytes())
    data[len(data) // 2] ^= 1
    damaged.write_bytes(data)
    notes = [event for event in run(recipe, tmp_path) if event["event"] == "note"]
    assert "is damaged" in notes[0]["text"]
    assert_same(straight, newest(tmp_path))


def test_a_finished_run_started_again_keeps_its_spare_state(
    tiny: Callable[..., Recipe], tmp_path: Path
) -> None:
    recipe = tiny(iterations=4, save={"every": 2})
    for _ in range(3):
        run(recipe, tmp_path)
        assert [step_of(path) for path in states(tmp_path / "states")] == [4, 2]
    states(tmp_path / "states")[0].write_bytes(b"damaged")
    assert run(recipe, tmp_path)[-1]["step"] == 4
