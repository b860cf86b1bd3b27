import json
import sys
from types import SimpleNamespace

import pytest
from click.testing import CliRunner
from PIL import Image

from hatsr.apps.studying.features import features
from hatsr.apps.studying.lam import lam, lam_sweep
from hatsr.attribution import figures
from hatsr.attribution.inputs import load_network


def run(command, *arguments):
    result = CliRunner().invoke(command, [str(a) for a in arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


@pytest.mark.parametrize("picture", ["colour.png", "gray.png"])
def test_numbers_of_two_networks(files, picture):
    networks = ("-m", files / "net0.safetensors", "-m", files / "net1.safetensors")
    rest = ("--patch", 20, 20, "--steps", 2, "--json")
    result = run(lam, files / picture, *networks, *rest)
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert [row["model"] for row in rows] == ["net0", "net1"]
    assert 0 < rows[0]["diffusion_index"] < 100
    assert rows[0]["patch"] == [20, 20]
    assert isinstance(rows[0]["psnr"], float)


def test_the_lr_picture_itself_has_no_quality(files):
    arguments = ("-m", files / "net0.safetensors", "--patch", 184, 152, "--steps", 1, "--is-lr")
    result = run(lam, files / "colour.png", *arguments)
    assert result.exit_code == 0
    assert "DI" in result.stdout
    assert "completeness error" in result.stdout
    assert "dB" not in result.stdout


@pytest.mark.parametrize("ending", ["png", "svg", "pdf"])
def test_figure_carries_its_parameters(files, ending):
    pytest.importorskip("matplotlib")
    path = files / f"figure.{ending}"
    more = ["--is-lr"] if ending == "svg" else []
    arguments = ("--patch", 4, 8, "--steps", 1, "--colours", "cividis", "-o", path, *more)
    result = run(lam, files / "colour.png", "-m", files / "net0.safetensors", *arguments)
    assert result.exit_code == 0, result.output
    if ending == "png":
        with Image.open(path) as picture:
            parameters = json.loads(picture.info["Description"])
        assert parameters["findings"][0]["patch"] == [4, 8]
        assert parameters["colours"] == "cividis"
    else:
        assert b"cividis" in path.read_bytes()


def test_sweep_prints_means_and_continues(files):
    results = files / "rows.jsonl"
    rest = ("-m", files / "net0.safetensors", "-o", results, "--steps", 1, "--grid", 1)
    assert (
        "2 patches to do" in run(lam_sweep, files / "colour.png", files / "gray.png", *rest).output
    )
    again = run(lam_sweep, files / "colour.png", files / "gray.png", *rest)
    assert "0 patches to do" in again.output
    assert "over 2 pictures, 2 patches" in again.output


@pytest.mark.parametrize("workers", [1, 2])
def test_a_picture_that_fails_costs_no_other(files, monkeypatch, workers):
    (files / "broken.png").write_bytes((files / "colour.png").read_bytes()[:200])
    Image.new("RGB", (9, 9)).save(files / "small.png")
    (files / "choosy_network.py").write_text(
        "from torch.nn.functional import interpolate\n\n"
        "def network(lr):\n    if lr.mean() > 0.9:\n        raise RuntimeError('too bright')\n"
        "    return interpolate(lr, scale_factor=4, mode='bilinear')\n\n"
        "def make():\n    return network\n"
    )
    Image.new("RGB", (40, 40), (250, 250, 250)).save(files / "bright.png")
    monkeypatch.syspath_prepend(str(files))
    monkeypatch.setenv("PYTHONPATH", str(files), prepend=":")
    pictures = [files / f"{name}.png" for name in ("broken", "small", "bright", "colour")]
    rest = ("-o", files / "rows.jsonl", "--steps", 1, "--grid", 1, "--workers", workers)
    result = run(lam_sweep, *pictures, "-m", "python:choosy_network:make", *rest)
    assert result.exit_code == 1
    assert "over 1 pictures, 1 patches" in result.stdout
    assert f"{files / 'broken.png'} failed: PNG is cut short" in result.stderr
    assert "small.png failed: SR must be at least 16 x 16, got 8 x 8" in result.stderr
    assert "bright.png failed: make, too bright" in result.stderr
    assert "colour.png failed" not in result.stderr
    sys.modules.pop("choosy_network", None)


def test_wrong_usage_of_a_sweep(files):
    for wrong in (("-m", "hat"), ("--grid", 0), ("--results", files / "colour.png")):
        options = ("--results", files / "rows.jsonl", "--steps", 1, *wrong)
        assert run(lam_sweep, files / "colour.png", *options).exit_code == 2


def test_any_callable_can_be_studied(files, monkeypatch):
    (files / "their_network.py").write_text(
        "from torch.nn import Upsample\n\n"
        "def bilinear():\n    return Upsample(scale_factor=2.0, mode='bilinear')\n"
    )
    monkeypatch.syspath_prepend(str(files))
    network = load_network("python:their_network:bilinear")
    assert (network.name, network.scale) == ("bilinear", 2)
    arguments = ("-m", "python:their_network:bilinear", "--patch", 9, 9, "--steps", 2)
    assert run(lam, files / "colour.png", *arguments).exit_code == 0
    sys.modules.pop("their_network", None)


def test_no_output_of_features_and_the_sweep_replaces_an_input(files):
    picture, network = files / "colour.png", files / "net0.safetensors"
    (files / "link.png").symlink_to(picture)
    before = picture.read_bytes(), network.read_bytes()
    for command, target in ((features, files / "link.png"), (lam_sweep, network)):
        result = run(command, picture, "-m", network, "-o", target)
        assert result.exit_code == 2
        assert "output must not replace an input" in result.output
    assert (picture.read_bytes(), network.read_bytes()) == before


def test_a_small_budget_is_one_step_at_a_time(files, monkeypatch):
    seen = []
    monkeypatch.setattr(
        "hatsr.attribution.explain",
        lambda *arguments, **_: seen.append(arguments[3].memory) or SimpleNamespace(lines=list),
    )
    rest = (files / "colour.png", "-m", files / "net0.safetensors", "--patch", 0, 0)
    for memory in ((), ("--memory", "4GB"), ("--memory", "1MB")):
        assert run(lam, *rest, *memory).exit_code == 0
    assert seen == [0.5, 4.0, 0.001]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--patch", 33, 0), "patch must begin at rows 0 to 32 and columns 0 to 24"),
        (("--patch", 0, 0, "-m", "python:torch.nn:Identity"), "must have one scale, got net0 x4"),
        (("--patch", 0, 0, "-o", "figure.jpg"), "must end in .png, .svg, .pdf, got figure.jpg"),
        (("--patch", 0, 0, "-o", "nowhere/a.png"), "folder must exist, got nowhere"),
        (("--patch", 0, 0, "-m", "hat"), "network without shipped weights"),
        (("--patch", 0, 0, "-o", "colour.png"), "output must not replace an input"),
        (("--patch", 0, 0, "--steps", 0), "steps must be at least 1"),
        (("--patch", 0, 0, "-m", "python:no_such_module:make"), "No module named 'no_such_module'"),
    ],
)
def test_messages(files, arguments, message, monkeypatch):
    picture, network = files / "colour.png", files / "net0.safetensors"
    monkeypatch.chdir(files)
    before = picture.read_bytes()
    result = run(lam, picture, "-m", network, "--steps", 1, *arguments)
    assert result.exit_code == 2
    assert message in result.output
    assert picture.read_bytes() == before


def test_figures_without_matplotlib_say_what_to_install(files, monkeypatch):
    monkeypatch.setattr(figures, "find_spec", lambda name: None)
    arguments = (
        files / "colour.png",
        "-m",
        files / "net0.safetensors",
        "--patch",
        0,
        0,
        "--steps",
        1,
    )
    result = run(lam, *arguments, "-o", files / "a.png")
    assert result.exit_code == 2
    assert "pip install 'hat-sr[figures]'" in result.output
    assert run(lam, *arguments).exit_code == 0
