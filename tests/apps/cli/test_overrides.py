import re
from pathlib import Path

import click
import numpy as np
import pytest
import torch
from click.testing import CliRunner, Result
from PIL import Image
from tiny import tiny

from hatsr import checkpoint, load
from hatsr.apps.cli import cli
from hatsr.apps.cli.overrides import set_option
from hatsr.checkpoint.layouts.hat_layout import to_official


def call(*arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments)


@click.command()
@set_option()
def show(overrides: dict[str, object]) -> None:
    click.echo(repr(overrides))


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        ([], {}),
        (["conv_scale=0.1"], {"conv_scale": 0.1}),
        (["img_range=255", "tail=residual"], {"img_range": 255, "tail": "residual"}),
        (["depths=[2, 2]", "cab=false"], {"depths": [2, 2], "cab": False}),
        (["tail=a=b"], {"tail": "a=b"}),
    ],
)
def test_values_are_json_or_text(pairs: list[str], expected: dict[str, object]) -> None:
    arguments = [argument for pair in pairs for argument in ("--set", pair)]
    assert CliRunner().invoke(show, arguments).stdout.strip() == repr(expected)


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        (["conv_scale"], "must be KEY=VALUE, got 'conv_scale'"),
        (["=1"], "must be KEY=VALUE, got '=1'"),
        (["a=1", "a=2"], "must give each key once, got a twice"),
    ],
)
def test_what_is_no_pair_is_wrong_usage(pairs: list[str], message: str) -> None:
    result = CliRunner().invoke(show, [part for pair in pairs for part in ("--set", pair)])
    assert result.exit_code == 2
    assert message in result.output


@pytest.fixture
def net(tmp_path: Path) -> str:
    """A network whose conv_scale its file does not show."""
    path = tmp_path / "net.pth"
    torch.save({"params": to_official(tiny(conv_scale=0.7))}, path)
    return str(path)


@pytest.fixture
def photo(tmp_path: Path) -> str:
    pixels = np.random.default_rng(0).integers(0, 256, (40, 36, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "photo.png")
    return str(tmp_path / "photo.png")


def test_upscale(net: str, photo: str, tmp_path: Path) -> None:
    right, wrong = tmp_path / "right.png", tmp_path / "wrong.png"
    for out, given in ((right, ["--set", "conv_scale=0.7"]), (wrong, [])):
        result = call("upscale", photo, "-o", str(out), "--model", net, *given)
        assert result.exit_code == 0, result.output
    expected = load(net, overrides={"conv_scale": 0.7}).upscale(photo)
    assert (np.asarray(Image.open(right)) == np.asarray(expected)).all()
    assert (np.asarray(Image.open(wrong)) != np.asarray(expected)).any()


def test_load_is_the_network_that_was_told(net: str) -> None:
    lr = torch.rand(1, 3, 8, 8)
    with torch.no_grad():
        expected = tiny(conv_scale=0.7)(lr)
    sr = load(net, overrides={"conv_scale": 0.7}).upscale_tensor(lr)
    assert torch.allclose(sr, expected, atol=1e-4)
    assert not torch.allclose(load(net).upscale_tensor(lr), expected, atol=1e-2)


def test_evaluate_keeps_scores_of_different_settings_apart(
    net: str, photo: str, tmp_path: Path
) -> None:
    (tmp_path / "set" / "HR").mkdir(parents=True)
    Path(photo).rename(tmp_path / "set" / "HR" / "photo.png")
    options = ("evaluate", "-m", net, "--data", str(tmp_path / "set"), "-o", str(tmp_path / "out"))
    first = call(*options, "--set", "conv_scale=0.7", "--json")
    assert first.exit_code == 0, first.output
    again = call(*options, "--set", "conv_scale=0.7", "--json")
    assert again.exit_code == 0, again.output
    refused = call(*options)
    assert "must hold scores of the same model and rules" in refused.output
    result = call("evaluate", "-m", "bicubic", "--scale", "2", "--set", "conv_scale=0.7")
    assert result.exit_code == 2
    assert "--set must go with the --model of a file" in result.output


def test_lam(net: str, photo: str) -> None:
    options = ("lam", photo, "--patch", "4", "4", "--patch-size", "8", "--steps", "2", "--json")
    told = call(*options, "-m", net, "--set", "conv_scale=0.7")
    assert told.exit_code == 0, told.output
    assert told.stdout != call(*options, "-m", net).stdout
    several = call(*options, "-m", net, "-m", net, "--set", "conv_scale=0.7")
    assert "must go with one model, got 2; hatsr convert --set" in several.output
    foreign = call(*options, "-m", "python:a:b", "--set", "conv_scale=0.7")
    assert "must go with a file or random:PRESET, got python:a:b" in foreign.output


def test_export(net: str, tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx", reason="needs the extra export")
    pytest.importorskip("onnxruntime", reason="needs the extra export")
    result = call("export", net, str(tmp_path / "net.onnx"), "--set", "conv_scale=0.7")
    assert result.exit_code == 0, result.output
    text = {entry.key: entry.value for entry in onnx.load(tmp_path / "net.onnx").metadata_props}
    assert '"conv_scale": 0.7' in text["config"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("conv_scal=0.7", "a hyper-parameter must be one of scale, .* got 'conv_scal'"),
        ("conv_scale=much", "conv_scale must be a finite number, got 'much'"),
    ],
)
@pytest.mark.parametrize("command", ["upscale", "info", "convert", "evaluate", "lam", "export"])
def test_what_does_not_fit_is_named(
    command: str, given: str, message: str, net: str, photo: str, tmp_path: Path
) -> None:
    arguments = {
        "upscale": (photo, "--model", net),
        "info": (net,),
        "convert": (net, str(tmp_path / "b.safetensors")),
        "evaluate": ("-m", net, "--data", str(tmp_path)),
        "lam": (photo, "-m", net, "--patch", "4", "4"),
        "export": (net, str(tmp_path / "b.onnx")),
    }[command]
    if command == "export":
        pytest.importorskip("onnxruntime", reason="needs the extra export")
    result = call(command, *arguments, "--set", given)
    assert result.exit_code in (1, 2)
    assert re.search(message, f"{result.output} {result.exception}")


def test_the_settings_that_are_told_are_kept_by_convert(net: str, tmp_path: Path) -> None:
    target = tmp_path / "b.safetensors"
    assert call("convert", net, str(target), "--set", "conv_scale=0.7").exit_code == 0
    assert checkpoint.read(target).config.conv_scale == 0.7
