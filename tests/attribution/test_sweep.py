import numpy as np
import pytest
from PIL import Image
from tiny import TINY_X4 as TINY

from hatsr import checkpoint
from hatsr.attribution import LamSettings
from hatsr.attribution.inputs import random_network
from hatsr.attribution.rows import read_rows as read
from hatsr.attribution.summary import summarise
from hatsr.attribution.sweep import Sweep
from hatsr.attribution.sweep_tasks import SweepPlan, all_tasks, belonging, pending


@pytest.fixture
def plan(tmp_path) -> SweepPlan:
    random, files = np.random.default_rng(0), []
    for i in range(2):
        files.append(str(tmp_path / f"{i}.png"))
        Image.fromarray(random.integers(0, 256, (40, 36, 3), dtype=np.uint8)).save(files[-1])
    for seed in (0, 1):
        checkpoint.save(
            random_network(TINY, seed), tmp_path / f"net{seed}.safetensors", layout="official"
        )
    models = tuple(str(tmp_path / f"net{seed}.safetensors") for seed in (0, 1))
    return SweepPlan(models=models, pictures=tuple(files), grid=2, settings=LamSettings(steps=2))


def test_a_stopped_sweep_goes_on_where_it_stopped(plan, tmp_path):
    results = tmp_path / "rows.jsonl"
    work = Sweep(plan, results)
    running = work.finished()
    first = next(running).rows
    running.close()
    assert len(first) == 4
    assert not work.failures
    with results.open("a") as file:
        file.write('{"model": "net0", "pat')  # stopped while writing
    work = Sweep(plan, results)
    assert [len(task.patches) for task in work.todo] == [4, 4, 4]
    assert work.patches_to_do == 12
    seen: list[tuple[int, int, str]] = []
    found = work.run(progress=lambda *told: seen.append(told))
    assert seen == [(1, 3, "1.png"), (2, 3, "0.png"), (3, 3, "1.png")]
    tasks = work.tasks
    rows = read(results)
    assert pending(tasks, rows) == []
    assert len(belonging(tasks, rows)) == len(rows) == 16
    assert rows[0] == first[0]
    one, other = summarise(rows)
    assert found.summaries == (one, other)
    assert (one.model, one.pictures, one.patches, one.gain) == ("net0", 2, 8, None)
    assert other.gain is not None
    expected = other.diffusion_index.mean - one.diffusion_index.mean
    assert other.gain.mean == pytest.approx(expected)
    assert "net1: mean DI" in other.line()


def test_other_settings_or_weights_are_other_rows(plan, tmp_path):
    tasks, _ = all_tasks(plan)
    rows = [t.head | {"patch": list(patch)} for t in tasks for patch in t.patches]
    assert pending(tasks, rows) == []
    assert len(pending(tasks, [row | {"steps": 50} for row in rows])) == 4
    checkpoint.save(random_network(TINY, 7), tmp_path / "net0.safetensors", layout="official")
    assert len(pending(all_tasks(plan)[0], rows)) == 2
