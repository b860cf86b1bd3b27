"""A run that is killed goes on as if nothing had happened, to the last bit."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from hatsr.checkpoint import read
from hatsr.training.loop import run_steps
from hatsr.training.recipe import Recipe
from hatsr.training.run import Run
from hatsr.training.setup import set_up
from hatsr.training.states import StateError, load_state, save_state, states, step_of

DRIVER = """
import sys, torch
torch.set_num_threads(1)
from pathlib import Path
from hatsr.training.loop import run_steps
from hatsr.training.recipe import Recipe
from hatsr.training.setup import set_up
recipe = Recipe.model_validate_json(Path(sys.argv[1]).read_text())
run_steps(set_up(recipe, Path(sys.argv[2]), cpu=True), lambda step: [], lambda: False)
"""


@pytest.fixture
def one_thread() -> Any:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def run(recipe: Recipe, folder: Path, stop_at: int = 10**9) -> list[dict]:
    events: list[dict] = []
    steps = iter(range(10**9))
    setup = set_up(recipe, folder, cpu=True)
    run_steps(setup, lambda step: [events.append], lambda: next(steps) >= stop_at)
    return events


def newest(folder: Path) -> dict[str, Any]:
    state = load_state(folder / "states", print)
    assert state is not None
    state["progress"].pop("seconds")
    return state


def assert_same(a: Any, b: Any) -> None:
    if isinstance(a, dict):
        assert a.keys() == b.keys()
        for key in a:
            assert_same(a[key], b[key])
    elif isinstance(a, list):
        assert len(a) == len(b)
        for x, y in zip(a, b, strict=True):
            assert_same(x, y)
    elif isinstance(a, torch.Tensor):
        assert torch.equal(a, b)
    else:
        assert a == b


@pytest.mark.usefixtures("one_thread")
def test_killed_and_resumed_is_bit_identical(tiny: Callable[..., Recipe], tmp_path: Path) -> None:
    recipe = tiny(data={"workers": 2}, iterations=40)
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


@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize("stop_at", [1, 4, 7])
def test_interrupted_is_bit_identical(
    tiny: Callable[..., Recipe], tmp_path: Path, stop_at: int
) -> None:
    recipe = tiny(accumulate=2, data={"stages": [{"start": 5, "patch": 4, "batch": 8}]})
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


def test_all_damaged_is_refused(tmp_path: Path) -> None:
    save_state(tmp_path, 1, {}, keep=2).write_bytes(b"")
    with pytest.raises(StateError, match="1 damaged"):
        load_state(tmp_path, print)


@pytest.mark.parametrize(
    ("saved", "left"),
    [
        ([1, 2, 3, 3], [3, 2]),
        ([2, 4, 4, 4], [4, 2]),  # the same step once more is one state
        ([2, 9, 3], [3, 2]),  # the state of step 9 was passed over as damaged
    ],
)
def test_keeps_the_newest(tmp_path: Path, saved: list[int], left: list[int]) -> None:
    for count, step in enumerate(saved):
        save_state(tmp_path, step, {"step": step, "count": count}, keep=2)
    assert [torch.load(path)["step"] for path in states(tmp_path)] == left
    assert torch.load(states(tmp_path)[0])["count"] == len(saved) - 1
    assert len(list(tmp_path.iterdir())) == 2


def test_a_finished_run_started_again_keeps_its_spare_state(
    tiny: Callable[..., Recipe], tmp_path: Path
) -> None:
    recipe = tiny(iterations=4, save={"every": 2})
    for _ in range(3):
        run(recipe, tmp_path)
        assert [step_of(path) for path in states(tmp_path / "states")] == [4, 2]
    states(tmp_path / "states")[0].write_bytes(b"damaged")
    assert run(recipe, tmp_path)[-1]["step"] == 4


def test_full_disk_keeps_the_previous_state(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    save_state(tmp_path, 5, {"step": 5}, keep=2)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))
    try:
        with pytest.raises(StateError, match=r"step 6 could not .* state of step 5 is intact"):
            save_state(tmp_path, 6, {"big": torch.zeros(10_000)}, keep=2)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert load_state(tmp_path, print) == {"step": 5}
    assert [path.name[:6] for path in tmp_path.iterdir()] == ["state-"]


def test_changes_are_told_and_another_network_is_refused(
    tiny: Callable[..., Recipe], tmp_path: Path
) -> None:
    run(tiny(iterations=2), tmp_path)
    events = run(tiny(iterations=3), tmp_path)
    assert "iterations: 2 -> 3" in events[0]["text"]
    with pytest.raises(ValueError, match=r"must keep its network, .* name=.* or .* --fresh"):
        Run(set_up(tiny(network={"embed_dim": 16}), tmp_path, cpu=True), lambda step: [])


def test_another_start_task_or_picture_is_refused(
    tiny: Callable[..., Recipe], pictures: Path, tmp_path: Path
) -> None:
    run(tiny(iterations=2), tmp_path / "run")
    fewer = shutil.copytree(pictures, tmp_path / "fewer")
    (fewer / "0.png").unlink()
    others: list[tuple[str, dict[str, Any]]] = [
        ("start", {"start": {"interpolate": True}}),
        ("tasks", {"tasks": [{"scale": 2}, {"scale": 3}]}),
        ("training pictures", {"data": {"train": [str(fewer)]}}),
        ("validation pictures", {"valid": {"data": str(fewer)}}),
        ("training pictures and validation", {"valid": {"data": None, "share": 0.2}}),
    ]
    for what, changes in others:
        with pytest.raises(ValueError, match=f"must keep its {what}"):
            run(tiny(iterations=3, **changes), tmp_path / "run")


def test_moved_pictures_and_a_moved_start_are_no_obstacle(
    tiny: Callable[..., Recipe], pictures: Path, tmp_path: Path
) -> None:
    run(tiny(iterations=2), tmp_path / "first")
    start = {"checkpoint": str(tmp_path / "first")}
    run(tiny(iterations=2, start=start), tmp_path / "second")
    shutil.rmtree(tmp_path / "first")
    moved = str(shutil.copytree(pictures, tmp_path / "moved"))
    recipe = tiny(iterations=3, start=start, data={"train": [moved]}, valid={"data": moved})
    assert run(recipe, tmp_path / "second")[-1]["reason"] == "finished"
    assert newest(tmp_path / "second")["progress"]["step"] == 3
    with pytest.raises(ValueError, match="model must be a file"):
        set_up(recipe, tmp_path / "second", cpu=True, fresh=True)


def test_another_number_of_usable_pictures_is_told(
    tiny: Callable[..., Recipe], tmp_path: Path
) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for side in (24, 40):
        Image.new("RGB", (side, side)).save(folder / f"{side}.png")
    run(tiny(iterations=2, data={"train": [str(folder)]}), tmp_path / "run")
    events = run(tiny(iterations=3, data={"train": [str(folder)], "patch": 16}), tmp_path / "run")
    assert "resuming with 1 usable pictures, before 2" in [event.get("text") for event in events]


@pytest.mark.parametrize("iterations", [4, 2])
def test_a_run_that_is_over_says_so(
    tiny: Callable[..., Recipe], tmp_path: Path, iterations: int
) -> None:
    run(tiny(iterations=4), tmp_path)
    events = run(tiny(iterations=iterations), tmp_path)
    assert f"over (finished at iteration 4 of {iterations}); --fresh" in str(events)
    assert (events[-1]["event"], events[-1]["step"]) == ("end", 4)


def test_the_optimiser_is_the_recipe_s(tiny: Callable[..., Recipe], tmp_path: Path) -> None:
    run(tiny(iterations=2), tmp_path)
    optim = {"betas": [0.5, 0.6], "weight_decay": 0.1, "optimizer": "adamw"}
    changed = Run(set_up(tiny(optim=optim), tmp_path, cpu=True), lambda step: [])
    group = changed.optimizer.param_groups[0]
    assert (group["betas"], group["weight_decay"]) == ((0.5, 0.6), 0.1)
    assert group["decoupled_weight_decay"]
    assert len(changed.optimizer.state) > 0


def test_exports_load(tiny: Callable[..., Recipe], tmp_path: Path) -> None:
    recipe = tiny(iterations=2)
    run(recipe, tmp_path)
    average = newest(tmp_path)["average"]
    for name in ("best", "last"):
        assert read(tmp_path / f"{name}.safetensors").config == recipe.config
    last = read(tmp_path / "last.safetensors").tensors
    assert all(torch.equal(average[f"main.{key}"], value) for key, value in last.items())
    assert len(list((tmp_path / "samples").glob("*.png"))) == 2  # before and after
