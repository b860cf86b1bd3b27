import json

from click.testing import CliRunner

from hatsr.apps.cli import cli


def test_models() -> None:
    found = json.loads(CliRunner().invoke(cli, ["models", "--json"]).stdout)
    assert "hat-t-x4" in [row["name"] for row in found["shipped"]]
    assert "hat-t-x4" in CliRunner().invoke(cli, ["models"]).stdout
