import json

from click.testing import CliRunner, Result

from hatsr.apps.cli import cli
from hatsr.inference.settings import choose_device


def call(*arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments)


def test_models() -> None:
    found = json.loads(call("models", "--json").stdout)
    assert "hat-t-x4" in [row["name"] for row in found["shipped"]]
    assert "hat-t-x4" in call("models").stdout


def test_info(net: str) -> None:
    assert json.loads(call("info", net, "--json").stdout)["embed_dim"] == 12
    said = call("info").stdout
    assert "threads" in said
    assert f"device: {choose_device()}" in said
    wrong = call("info", "nonsense")
    assert wrong.exit_code == 2
    assert "model must be a file" in wrong.output
