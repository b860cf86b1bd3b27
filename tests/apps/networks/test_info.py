import json
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner, Result
from tiny import tiny

from hatsr import checkpoint
from hatsr.apps.cli import cli
from hatsr.inference.settings import choose_device
from hatsr.inference.tiling import memory


def call(*arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments)


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


def test_info_says_what_is_assumed(foreign: str) -> None:
    names = ["img_range", "conv_scale", "drop_path"]
    assert json.loads(call("info", foreign, "--json").stdout)["assumed"] == names
    result = call("info", foreign)
    assert "assumed: img_range, conv_scale, drop_path\n" in result.stdout
    words = "assumed, since no tensor shows it: img_range 1.0, conv_scale 0.01, drop_path 0.1;"
    assert words in result.stderr
    told = call("info", foreign, "--set", "conv_scale=0.1")
    assert "conv_scale: 0.1\n" in told.stdout
    assert "assumed: img_range, drop_path\n" in told.stdout


def test_info_assumes_nothing_about_our_own_files(net: str) -> None:
    result = call("info", net)
    assert "assumed: nothing\n" in result.stdout
    assert not result.stderr


def test_info_of_a_run_is_about_its_best_weights(net: str, tmp_path: Path) -> None:
    for name in ("best", "last"):
        checkpoint.save(tiny(), tmp_path / f"{name}.safetensors")
    assert json.loads(call("info", str(tmp_path), "--json").stdout)["file"].endswith(
        "best.safetensors"
    )


def test_set_goes_with_a_model() -> None:
    result = call("info", "--set", "conv_scale=0.1")
    assert result.exit_code == 2
    assert "--set must go with a MODEL" in result.output
