from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from hatsr.apps.cli import cli


def call(*arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments)


def test_no_export_replaces_its_model(net: str) -> None:
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    path = Path(net).rename(Path(net).with_suffix(".onnx"))
    done = call("export", str(path), str(path), "--overwrite")
    assert done.exit_code == 2
    assert "output must not replace an input" in done.output
