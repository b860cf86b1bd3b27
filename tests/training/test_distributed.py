"""Two processes see what one with the whole batch sees, and agree with it to rounding."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from hatsr.training.loop import run_steps
from hatsr.training.recipe import Recipe
from hatsr.training.start.setup import set_up
from hatsr.training.states import load_state

DRIVER = """
import sys, warnings, torch
torch.set_num_threads(1)
from pathlib import Path
import hatsr.training.run as run
from hatsr.training.loop import run_steps
from hatsr.training.recipe import Recipe
from hatsr.training.start.setup import set_up
recipe = Recipe.model_validate_json(Path(sys.argv[1]).read_text())
folder = Path(sys.argv[2])
setup = set_up(recipe, folder, device="cpu")
rank = setup.accelerator.process_index
seen = [list(setup.plan.part(step, rank, 0)) for step in range(recipe.iterations)]
(folder.parent / f"seen-{rank}.json").write_text(__import__("json").dumps(seen))
run_steps(setup, lambda step: [], lambda: False)
torch.distributed.destroy_process_group()
"""


@pytest.mark.skipif(not torch.distributed.is_available(), reason="no torch.distributed")
def test_two_processes_agree_with_one(tiny: Callable[..., Recipe], tmp_path: Path) -> None:
    recipe = tiny(iterations=5, network={"drop_path": 0.0})
    setup = set_up(recipe, tmp_path / "one", device="cpu")
    run_steps(setup, lambda step: [], lambda: False)
    recipe_file, driver = tmp_path / "recipe.json", tmp_path / "driver.py"
    recipe_file.write_text(json.dumps(recipe.model_dump(mode="json")))
    driver.write_text(DRIVER)
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    subprocess.run(
        [*command, str(driver), str(recipe_file), str(tmp_path / "two")],
        check=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        timeout=120,
    )
    seen = [json.loads((tmp_path / f"seen-{rank}.json").read_text()) for rank in range(2)]
    for step in range(5):
        assert seen[0][step] + seen[1][step] == list(setup.plan.part(step, 0, 0))
    one, two = (load_state(tmp_path / name / "states", print) for name in ("one", "two"))
    assert one is not None
    assert two is not None
    assert two["progress"]["step"] == 5
    for name, tensor in one["networks"].items():
        torch.testing.assert_close(two["networks"][name], tensor, atol=2e-5, rtol=1e-4)
    assert two["progress"]["best"] == pytest.approx(one["progress"]["best"], abs=1e-3)
