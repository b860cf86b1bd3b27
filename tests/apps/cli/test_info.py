import json

import pytest
import torch
from click.testing import CliRunner, Result

from hatsr.apps.cli import cli
from hatsr.inference import memory
from hatsr.inference.settings import choose_device


def call(*arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments)


def test_models() -> None:
    found = json.loads(call("models", "--json").stdout)
    assert "hat-t-x4" in [row["name"] for row in found["shipped"]]
    assert "hat-t-x4" in call("models").stdout


def test_info(net: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert json.loads(call("info", net, "--json").stdout)["embed_dim"] == 12
    said = call("info").stdout
    assert "threads" in said
    assert f"device: {choose_device()}" in said
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "GPU 9000")
    monkeypatch.setattr(memory, "free_bytes", lambda device: 5 * 10**9)
    assert "device: cuda (GPU 9000, 5.0 GB free)" in call("info").stdout
    wrong = call("info", "nonsense")
    assert wrong.exit_code == 2
    assert "model must be a file" in wrong.output
