"""`hatsr lab` from the outside."""

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from tiny import TINY_NETWORK

from hatsr.apps.studying.lab import lab
from hatsr.training import loop


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)


@pytest.fixture
def study(pictures: Path, tmp_path: Path) -> Path:
    values = {
        "name": "tiny",
        "title": "Two rates",
        "source": {"place": "nowhere", "says": "faster is better"},
        "seeds": [0],
        "recipe": {
            "iterations": 2,
            "network": TINY_NETWORK,
            "data": {"train": [str(pictures)], "patch": 8, "batch": 2, "workers": 0},
            "valid": {"data": str(pictures), "every": 2, "pictures": 0},
        },
        "sizes": {"small": {"evaluate": {"data": [str(pictures)]}}},
        "variants": {
            "slow": {"recipe": {"optim": {"learning_rate": 1e-5}}},
            "fast": {"recipe": {"optim": {"learning_rate": 1e-3}}},
        },
        "claims": [{"more": "fast", "less": "slow"}],
    }
    path = tmp_path / "tiny.yaml"
    path.write_text(json.dumps(values))  # which is YAML
    return path


def call(*arguments: object) -> Result:
    return CliRunner().invoke(lab, [str(a) for a in arguments])


def test_runs_reports_and_says_how_far_it_is(study: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    before = call(study, "-o", out, "--status")
    assert before.output == "0 of 2 cells done, 2 waiting\n"
    assert not out.exists()
    result = call(study, "-o", out, "--device", "cpu")
    assert result.exit_code == 0, result.output
    assert "By PSNR, the order came out: " in result.output
    assert "written to" in result.stderr
    told = json.loads(call(study, "-o", out, "--status", "--json").stdout)
    assert told["done"] == ["slow, seed 0", "fast, seed 0"]
    page = (out / "report.html").read_text()
    (out / "report.html").unlink()
    again = call(study, "-o", out, "--report-only", "--json")
    assert again.exit_code == 0
    document = json.loads(again.stdout)
    assert (document["study"]["name"], document["size"]) == ("tiny", "small")
    assert (out / "report.html").read_text() == page


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "STUDY must be given: a YAML file, or one of alpha, beta"),
        (("nothing",), "a study must be a YAML file or one of"),
        (("alpha", "seed=[1]"), "unknown key seed in the command line"),
        (("alpha", "--size", "huge"), "size of alpha must be one of small, full, got 'huge'"),
    ],
)
def test_wrong_usage(arguments: tuple[str, ...], message: str) -> None:
    result = call(*arguments)
    assert result.exit_code == 2
    assert message in " ".join(result.output.split())


def test_ctrl_c_is_exit_code_130_and_the_same_command_goes_on(
    study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = loop.change_weights

    def stopped(*given: Any) -> None:
        signal.raise_signal(signal.SIGINT)
        plain(*given)

    monkeypatch.setattr(loop, "change_weights", stopped)
    result = call(study, "-o", tmp_path / "out")
    assert (result.exit_code, result.output.splitlines()[-1]) == (
        *(130, "Error: stopped; the same command goes on from here"),
    )
    monkeypatch.undo()
    assert call(study, "-o", tmp_path / "out").exit_code == 0


def test_a_failed_cell_is_failed_work(study: Path, tmp_path: Path) -> None:
    result = call(study, "variants.fast.recipe.data.train=[nowhere]", "-o", tmp_path / "out")
    assert result.exit_code == 1
    assert "FAILED fast, seed 0" in result.output
