import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hatsr.lab import Bench, StudyReport, read_study, run, status

Written = Callable[..., Path]


def exact(folder: Path) -> dict[str, Any]:
    """Everything in the results of the cells but times and memory."""
    timed = ("seconds_a_picture", "forward_seconds", "forward_bytes", "training_seconds")
    found = {}
    for path in sorted(folder.rglob("results.json")):
        stages = json.loads(path.read_text())["stages"]
        for stage in stages.values():
            for key in timed:
                stage.pop(key)
        found[str(path.relative_to(folder))] = stages
    return found


def weights(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("last.safetensors")}


def stops_after(looks: int) -> Callable[[], bool]:
    seen = iter(range(10**9))
    return lambda: next(seen) >= looks


@pytest.fixture
def whole(write_study: Written, tmp_path: Path) -> tuple[StudyReport, Path]:
    """The miniature, without a break."""
    folder = tmp_path / "whole"
    return run(read_study(write_study()), Bench(folder=folder, cpu=True)), folder


def test_stopped_and_gone_on_with_is_the_same(
    whole: tuple[StudyReport, Path], write_study: Written, tmp_path: Path
) -> None:
    _, uninterrupted = whole
    study, bench = read_study(write_study()), Bench(folder=tmp_path / "parts", cpu=True)
    for looks in (4, 9, 3, 14, 10**9):
        run(study, bench, asked_to_stop=stops_after(looks))
    assert len(exact(uninterrupted)) == 4
    assert exact(bench.folder) == exact(uninterrupted)
    assert weights(bench.folder) == weights(uninterrupted)
