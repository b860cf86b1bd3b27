from pathlib import Path

import pytest
import torch
from click.testing import CliRunner, Result
from tiny import tiny

from hatsr.apps.cli import cli
from hatsr.checkpoint import read, save


def call(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["blend", *arguments])


@pytest.mark.parametrize("ending", [".safetensors", ".pth"])
def test_one_of_two(net: str, tmp_path: Path, ending: str) -> None:
    out = tmp_path / f"c{ending}"
    result = call(net, net, "--alpha", "0.3", "-o", str(out))
    assert result.exit_code == 0, result.output
    assert f"0.7 {net} + 0.3 {net}" in result.output
    one, found = read(net), read(out)
    assert found.metadata["blend"] == f"0.7 {net} + 0.3 {net}"
    assert all(torch.allclose(found.tensors[name], t) for name, t in one.tensors.items())
    again = call(net, net, "--alpha", "0.3", "-o", str(out))
    assert again.exit_code == 2
    assert "give --overwrite" in again.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--alpha", "2"], "Invalid value for '--alpha'"),
        (["-o", "c.bin"], "must end in .safetensors"),
        ([], "must have one shape"),
    ],
)
def test_wrong_usage(arguments: list[str], message: str, net: str, tmp_path: Path) -> None:
    other = tmp_path / "other.safetensors"
    save(tiny(scale=3), other)
    usual = ["--alpha", "0.5", "-o", str(tmp_path / "c.safetensors")]
    result = call(net, str(other), *usual, *arguments)
    assert result.exit_code == 2
    assert message in result.output
