import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import fmean as mean
from typing import Any, NamedTuple
from xml.etree import ElementTree

import pytest

from hatsr.batch import locked
from hatsr.lab import StudyReport, StudyStatus, StudyWorkspace, read_study, run, status
from hatsr.lab.cells import cells_of
from hatsr.lab.study_rows import curve_of_variant

Written = Callable[..., Path]


class Whole(NamedTuple):
    """A study that is done."""

    folder: Path
    report: StudyReport
    watched: list[StudyStatus]


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


@pytest.fixture(scope="module")
def whole(write_study: Written, tmp_path_factory: pytest.TempPathFactory) -> Whole:
    """The miniature, without a break."""
    folder = tmp_path_factory.mktemp("whole")
    watched: list[StudyStatus] = []
    report = run(
        read_study(write_study()), StudyWorkspace(folder=folder, device="cpu"), watch=watched.append
    )
    return Whole(folder, report, watched)


def test_stopped_and_gone_on_with_is_the_same(
    whole: Whole, write_study: Written, tmp_path: Path
) -> None:
    study, workspace = read_study(write_study()), StudyWorkspace(folder=tmp_path, device="cpu")
    for looks in (4, 9, 3, 14, 10**9):
        run(study, workspace, asked_to_stop=stops_after(looks))
    assert len(exact(whole.folder)) == 4
    assert exact(workspace.folder) == exact(whole.folder)
    assert weights(workspace.folder) == weights(whole.folder)


def test_every_cell_is_told_of(whole: Whole) -> None:
    assert [each.line() for each in whole.watched] == [
        "1 of 4 cells done, 3 waiting",
        "2 of 4 cells done, 2 waiting",
        "3 of 4 cells done, 1 waiting",
        "4 of 4 cells done",
    ]
    assert whole.watched[-1].is_done
    # seed by seed
    assert whole.watched[1].done == ("window 2, seed 0", "window 4, seed 0")


def test_nothing_is_done_twice(whole: Whole, write_study: Written) -> None:
    before = {path: path.stat().st_mtime_ns for path in whole.folder.rglob("last.safetensors")}
    run(read_study(write_study()), StudyWorkspace(folder=whole.folder, device="cpu"))
    assert before == {path: path.stat().st_mtime_ns for path in before}


def test_the_report_says_what_the_cells_hold(whole: Whole) -> None:
    document = json.loads((whole.folder / "report.json").read_text())
    assert document["verdict"] == whole.report.verdict
    cells = exact(whole.folder)
    small, large = (
        [cells[f"window-{side}/seed-{seed}/results.json"]["training"]["psnr"] for seed in (0, 1)]
        for side in (2, 4)
    )
    gaps = [mean(a.values()) - mean(b.values()) for a, b in zip(large, small, strict=True)]
    (order,) = document["orders"]
    assert order["order"]["difference"] == 0.36
    assert order["gap"]["mean"] == pytest.approx(mean(gaps))
    assert order["gap"]["pictures"] == 6
    text = (whole.folder / "report.md").read_text()
    assert f"{mean(mean(each.values()) for each in small):.3f} ± " in text
    assert "| 27.45 |" in text
    page, picture = ((whole.folder / f"report.{kind}").read_text() for kind in ("html", "svg"))
    assert whole.report.verdict in page
    assert picture.count("<polyline") == 2
    assert ElementTree.fromstring(picture).tag.endswith("svg")


def test_what_another_process_does_is_left_to_it(write_study: Written, tmp_path: Path) -> None:
    study, workspace = (
        read_study(write_study(), ["seeds=[0]"]),
        StudyWorkspace(folder=tmp_path, device="cpu"),
    )
    theirs, _ = cells_of(study, "small")
    with locked(theirs.folder(tmp_path)):
        assert status(study, workspace).running == ("window 2, seed 0",)
        report = run(study, workspace)
    found = status(study, workspace)
    assert (found.done, found.waiting) == (("window 4, seed 0",), ("window 2, seed 0",))
    assert report.verdict == "Nothing can be said of the order yet."


def test_a_cell_that_fails_costs_no_other(write_study: Written, tmp_path: Path) -> None:
    study = read_study(write_study(), ["seeds=[0]", "variants.bad.recipe.data.train=[nowhere]"])
    workspace = StudyWorkspace(folder=tmp_path, device="cpu")
    run(study, workspace)
    found = status(study, workspace)
    assert len(found.done) == 2
    assert "nowhere" in found.failed["bad, seed 0"]
    assert found.line() == "2 of 3 cells done, 1 failed"


def test_a_folder_of_another_study_is_refused(whole: Whole, write_study: Written) -> None:
    other = read_study(write_study(), ["recipe.optim.learning_rate=1e-4"])
    with pytest.raises(ValueError, match=r"must be of the same study, got .*learning_rate: 0.001"):
        run(other, StudyWorkspace(folder=whole.folder, device="cpu"))


def test_test_pictures_must_be_there_before_anything_is_trained(
    write_study: Written, tmp_path: Path
) -> None:
    study = read_study(write_study(), ["sizes.small.evaluate.data=[Set5]"])
    with pytest.raises(ValueError, match="Set5 is missing"):
        run(study, StudyWorkspace(folder=tmp_path / "new"))
    assert not (tmp_path / "new").exists()


def test_di_blocking_and_stages(write_study: Written, tmp_path: Path, pictures: Path) -> None:
    size = {
        "stages": {"pre-training": {"iterations": 2}, "fine-tuning": {"iterations": 3}},
        "evaluate": {
            "data": [str(pictures)],
            "di": {"pictures": 2, "grid": 1, "steps": 2},
            "blocking": 1,
        },
    }
    paper = {"pre-training": {"DI": 1.0}, "fine-tuning": {"DI": 2.0}}
    path = write_study(
        measure="di",
        seeds=[0],
        source={"place": "Figure 7", "column": "DI", "says": "more"},
        sizes={"small": size},
        variants={"one": {"paper": paper}, "other": {"recipe": {"network": {"window_size": 2}}}},
    )
    report = run(read_study(path), StudyWorkspace(folder=tmp_path / "out", device="cpu"))
    assert [row.name for row in report.rows[:2]] == ["one, after pre-training", "one"]
    first, last = report.rows[:2]
    assert len(first.values("di")[0]) == 2
    assert len(last.values("blocking")[0]) == 1
    for found in (first.values("di")[0], last.values("blocking")[0]):
        assert found.keys() <= last.values("psnr")[0].keys()  # called alike by all measures
    assert (first.paper, last.paper) == ({"DI": 1.0}, {"DI": 2.0})
    (order,) = report.orders
    assert order.order.words() == "one > one, after pre-training"
    assert [step for step, _ in curve_of_variant(report.rows, "one")] == [0, 2, 2, 5]


@pytest.mark.slow
def test_killed_workers_are_gone_on_with(
    whole: Whole, write_study: Written, tmp_path: Path
) -> None:
    workspace = StudyWorkspace(folder=tmp_path / "killed", device="cpu")
    options = [str(write_study()), "-o", str(workspace.folder), "--workers", "2", "--device", "cpu"]
    command = [sys.executable, "-m", "hatsr.apps.cli", "lab", *options]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        while not list(workspace.folder.rglob("state-*.pt")) and process.poll() is None:
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
    study = read_study(write_study())
    while status(study, workspace).running:  # the workers end with their parent
        time.sleep(0.1)
    run(study, workspace, workers=2)
    assert exact(workspace.folder) == exact(whole.folder)
    assert weights(workspace.folder) == weights(whole.folder)
