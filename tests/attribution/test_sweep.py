from math import sqrt

import numpy as np
import pytest
from PIL import Image
from scipy.stats import t

from hatsr import checkpoint
from hatsr.attribution import LamSettings
from hatsr.attribution.subject import random_network
from hatsr.attribution.summary import interval, summarise
from hatsr.attribution.sweep import SweepPlan, all_tasks, belonging, grid_patches, pending, sweep
from hatsr.attribution.sweep import read_rows as read
from hatsr.model import HATConfig

TINY = HATConfig(
    embed_dim=12, depths=(1, 1), num_heads=2, window_size=4, compress_ratio=3, squeeze_factor=4
)


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
    return SweepPlan(models=models, pictures=tuple(files), grid=2, settings=LamSettings(fold=2))


def test_a_stopped_sweep_goes_on_where_it_stopped(plan, tmp_path):
    results, (tasks, failures) = tmp_path / "rows.jsonl", all_tasks(plan)
    running = sweep(pending(tasks, read(results)), results)
    first = next(running).rows
    running.close()
    assert len(first) == 4
    assert not failures
    with results.open("a") as file:
        file.write('{"model": "net0", "pat')  # stopped while writing
    left = pending(tasks, read(results))
    assert [len(task.patches) for task in left] == [4, 4, 4]
    for _ in sweep(left, results):
        pass
    rows = read(results)
    assert pending(tasks, rows) == []
    assert len(belonging(tasks, rows)) == len(rows) == 16
    assert rows[0] == first[0]
    one, other = summarise(rows)
    assert (one.model, one.pictures, one.patches, one.gain) == ("net0", 2, 8, None)
    assert other.gain is not None
    expected = other.diffusion_index.mean - one.diffusion_index.mean
    assert other.gain.mean == pytest.approx(expected)
    assert "net1: mean DI" in other.line()


def test_other_settings_or_weights_are_other_rows(plan, tmp_path):
    tasks, _ = all_tasks(plan)
    rows = [t.head | {"patch": list(patch)} for t in tasks for patch in t.patches]
    assert pending(tasks, rows) == []
    assert len(pending(tasks, [row | {"fold": 50} for row in rows])) == 4
    checkpoint.save(random_network(TINY, 7), tmp_path / "net0.safetensors", layout="official")
    assert len(pending(all_tasks(plan)[0], rows)) == 2


def test_grid_is_even_and_inside():
    assert grid_patches(48, 80, 16, 2) == ((8, 16), (8, 48), (24, 16), (24, 48))
    assert grid_patches(16, 16, 16, 3) == ((0, 0),)
    with pytest.raises(ValueError, match="SR must be at least 16 x 16, got 15 x 40"):
        grid_patches(15, 40, 16, 3)


def test_interval_is_student_s():
    for n in (2, 3, 10, 11, 40):
        values = [float(x) for x in np.random.default_rng(n).normal(size=n)]
        found = interval(values)
        assert found.mean == pytest.approx(np.mean(values))
        expected = t.ppf(0.975, n - 1) * np.std(values, ddof=1) / sqrt(n)
        assert found.half_width == pytest.approx(expected, rel=1e-9)
    assert np.isnan(interval([1.0]).half_width)


def test_messages(tmp_path):
    with pytest.raises(ValueError, match="must have models and pictures, got 0 and 1"):
        SweepPlan(models=(), pictures=("a.png",))
    with pytest.raises(ValueError, match="grid must be at least 1, got 0"):
        SweepPlan(models=("hat-t-x4",), pictures=("a.png",), grid=0)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"a": 1}\nnonsense\n', "got line 2: Expecting value"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "got line 1: 'utf-8' codec can't decode"),
        (b'{"a": 1}\n[2]\n{"mod', "got line 2: list, not an object"),
        (b'{"a": 1}\n{"a"', "got line 2: no row begins so; give another file"),
        (b"one line of prose", "got line 1: no row begins so"),
    ],
)
def test_a_foreign_file_is_refused_and_left_as_it_is(tmp_path, content, message):
    path = tmp_path / "rows.jsonl"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=f"rows.jsonl must hold a JSON object.*{message}"):
        read(path)
    assert path.read_bytes() == content
