from pathlib import Path

import pytest
import torch
from click.testing import CliRunner, Result
from other_network import ROW, Other, OtherConfig
from tiny import tiny

from hatsr import checkpoint
from hatsr.apps.cli import cli
from hatsr.model import HAT


def call(*arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments)


def test_convert_there_and_back(net: str, tmp_path: Path) -> None:
    official, back = str(tmp_path / "official.pth"), str(tmp_path / "back.safetensors")
    assert call("convert", net, official, "--layout", "official").exit_code == 0
    assert call("convert", official, back).exit_code == 0
    one, two = checkpoint.read(net), checkpoint.read(back)
    assert all((one.tensors[k] == v).all() for k, v in two.tensors.items())
    assert call("convert", net, back).exit_code == 2


def test_a_checkpoint_is_not_replaced_by_its_conversion(net: str) -> None:
    before = Path(net).read_bytes()
    done = call("convert", net, net, "--overwrite")
    assert done.exit_code == 2
    assert "output must not replace an input" in done.output
    assert Path(net).read_bytes() == before


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


def test_another_kind_there_and_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(checkpoint.KINDS, "other", ROW)
    names = ("a.safetensors", "b.pth", "c.safetensors")
    first, theirs, back = (str(tmp_path / name) for name in names)
    checkpoint.save(Other(OtherConfig(scale=3)), first)
    done = call("convert", first, theirs, "--layout", "official")
    assert "must be told, since no tensor shows it: scale 3, gain 1.0" in done.stderr
    assert f"{theirs}: other x3, official layout, float32\n" in done.stdout
    assert call("convert", theirs, back).exit_code == 0
    assert Path(first).read_bytes() == Path(back).read_bytes()
    said = call("info", back).stdout
    for line in ("kind: other", "network: other x3", "blocks: 2", "parameters: 168"):
        assert f"{line}\n" in said


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
