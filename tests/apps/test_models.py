import json
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner, Result
from tiny import tiny

from hatsr import checkpoint
from hatsr.apps.cli import cli
from hatsr.checkpoint.layouts.hat import to_official
from hatsr.model import HAT


@pytest.fixture
def net(tmp_path: Path) -> str:
    path = tmp_path / "net.safetensors"
    checkpoint.save(tiny(), path)
    return str(path)


@pytest.fixture
def foreign(tmp_path: Path) -> str:
    """A network in a file of another program."""
    path = tmp_path / "foreign.pth"
    torch.save({"params": to_official(tiny())}, path)
    return str(path)


def call(*arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments)


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


def test_convert_says_again_what_was_assumed(foreign: str, tmp_path: Path) -> None:
    target = str(tmp_path / "b.safetensors")
    result = call("convert", foreign, target)
    assert "assumed, since no tensor shows it: img_range 1.0" in result.stderr
    assert "assumed: img_range, conv_scale, drop_path\n" in call("info", target).stdout


def test_convert_says_what_other_programs_must_be_told(tmp_path: Path) -> None:
    checkpoint.save(tiny(conv_scale=0.5), tmp_path / "a.safetensors")
    target = str(tmp_path / "b.pth")
    result = call("convert", str(tmp_path / "a.safetensors"), target, "--layout", "official")
    words = "other programs must be told, since no tensor shows it: img_range 1.0, conv_scale 0.5"
    assert words in result.stderr
    assert checkpoint.read(target).config.conv_scale == 0.5


def too_large() -> HAT:
    model = tiny()
    with torch.no_grad():
        model.norm.weight[0] = 1e5
    return model


def test_convert_refuses_weights_that_float16_cannot_hold(tmp_path: Path) -> None:
    source, target = tmp_path / "a.safetensors", tmp_path / "b.safetensors"
    checkpoint.save(too_large(), source)
    result = call("convert", str(source), str(target), "--dtype", "float16")
    assert result.exit_code == 1
    words = "norm.weight must be within 65504 to be stored in float16, got 100000"
    assert words in f"{result.exception}{result.output}"
    assert not target.exists()
    assert call("convert", str(source), str(target), "--dtype", "bfloat16").exit_code == 0


def test_convert_refuses_a_missing_folder_before_the_work(net: str, tmp_path: Path) -> None:
    result = call("convert", net, str(tmp_path / "none" / "b.safetensors"))
    assert f"folder must exist, got {tmp_path}/none" in f"{result.exception}{result.output}"


def test_convert_on_a_full_disk(net: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    target = tmp_path / "b.safetensors"
    result = call("convert", net, str(target))
    words = f"{target} could not be written: No space left on device"
    assert words in f"{result.exception}{result.output}"
    assert not target.exists()
