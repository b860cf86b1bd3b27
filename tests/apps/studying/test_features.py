"""The command features: what it prints and draws, and its messages."""

import json

import pytest
from click.testing import CliRunner
from PIL import Image
from tiny import TINY_X4

from hatsr.apps.studying.features import features


def run(command, *arguments):
    result = CliRunner().invoke(command, [str(a) for a in arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def test_features_and_their_figure(files):
    pytest.importorskip("matplotlib")
    networks = ("-m", files / "net0.safetensors", "-m", files / "net1.safetensors")
    path = files / "features.png"
    result = run(features, files / "colour.png", *networks, "--layer", 2, "-o", path)
    assert result.exit_code == 0, result.output
    assert result.stdout.count("layer 2: blocking index") == 2
    with Image.open(path) as picture:
        assert len(json.loads(picture.info["Description"])["layers"]) == 2


def test_all_layers_by_their_own_windows_or_by_one(files):
    arguments = (files / "gray.png", "-m", files / "net0.safetensors")
    own = run(features, *arguments).stdout.splitlines()
    layers = [line.partition(": ")[0] for line in own]
    assert layers == ["net0, layer 1", "net0, layer 2"]
    assert run(features, *arguments, "--window", TINY_X4.window_size).stdout.splitlines() == own
    others = run(features, *arguments, "--window", 2).stdout.splitlines()
    assert all(line.endswith("(window 2)") for line in others)
    assert run(features, *arguments, "-l", 2).stdout.splitlines() == own[1:]


def test_a_picture_of_lr_is_not_made_small(files):
    with Image.open(files / "colour.png") as picture:
        picture.crop((0, 0, 9, 8)).save(files / "part.png")
    arguments = (files / "part.png", "-m", "random:hat-t", "--window", 4)
    assert run(features, *arguments, "--is-lr", "-l", 1).exit_code == 0
    result = run(features, *arguments, "-l", 1)
    assert result.exit_code == 2
    assert "larger than one window" in result.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("-l", 3), "layer must be from 1 to 2 for this network, got 3"),
        (("-m", "hat"), "network without shipped weights"),
        (("-o", "figure.jpg"), "must end in .png, .svg, .pdf, got figure.jpg"),
        (("--window", 1), "1 is not in the range x>=2"),
    ],
)
def test_messages_of_features(files, arguments, message, monkeypatch):
    monkeypatch.chdir(files)
    result = run(features, "colour.png", "-m", "net0.safetensors", *arguments)
    assert result.exit_code == 2
    assert message in result.output
