import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tiny import tiny

from hatsr.apps.cli import cli
from hatsr.checkpoint import save
from hatsr.evaluation.cost.network_cost import complexity


def call(*arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments)


def test_complexity_json() -> None:
    result = call("complexity", "hat-t", "--json", "--no-run", "--set", "ocab=false")
    facts = json.loads(result.stdout)
    assert facts["parameters"] < 684_192
    assert facts["multiply_adds"] > 0


@pytest.mark.parametrize("change", ["embed_dim=wide", "embed_dim=-4", "nonsense=1"])
def test_a_hyper_parameter_must_fit(change: str) -> None:
    result = call("complexity", "hat-t", "--no-run", "--set", change)
    assert result.exit_code == 2
    assert "--set" in result.output


def test_numbers_have_three_digits() -> None:
    lines = call("complexity", "hat-t", "--size", "8").stdout.splitlines()
    (seconds,) = (line.split()[1] for line in lines if line.startswith("seconds: "))
    assert len(seconds.replace(".", "").lstrip("0")) <= 3


def test_paper_rows_are_within_one_percent() -> None:
    rows = json.loads(call("complexity", "--paper", "--json").stdout)["rows"]
    assert len(rows) == 16
    for row in rows:
        assert row["multiply_adds"] / 1e9 == pytest.approx(row["paper_multiply_adds_g"], rel=0.01)
        assert row["parameters"] / 1e6 == pytest.approx(row["paper_parameters_m"], abs=0.06)


def test_paper_tables_are_printed() -> None:
    lines = call("complexity", "--paper").stdout.splitlines()
    assert lines[0] == "Tables 8 to 11 of the paper, and ours"
    assert any(line.split()[2:4] == ["HAT-S", "9.62"] for line in lines)


def test_a_file_has_its_own_scale(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    save(tiny(), path)
    facts = json.loads(call("complexity", str(path), "--json", "--size", "8").stdout)
    wanted = complexity(tiny(), 8, 8)
    assert (facts["network"], facts["scale"]) == (str(path), 2)
    assert (facts["parameters"], facts["multiply_adds"]) == (
        wanted.parameters,
        wanted.multiply_adds,
    )
    assert facts["seconds"] > 0
    result = call("complexity", str(path), "--scale", "2")
    assert result.exit_code == 2
    assert "scale must be left out with a file" in result.output


def test_an_unknown_network_is_named() -> None:
    result = call("complexity", "hat-q")
    assert result.exit_code == 2
    assert "got 'hat-q'; presets are hat, " in " ".join(result.output.split())
