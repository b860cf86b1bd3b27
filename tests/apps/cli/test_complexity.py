import json

import pytest
from click.testing import CliRunner, Result

from hatsr.apps.cli import cli


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
