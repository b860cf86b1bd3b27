import json
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from hatsr import checkpoint
from hatsr.apps.cli.features import features
from hatsr.apps.cli.lam import lam, lam_sweep
from hatsr.attribution import figure_file
from hatsr.attribution.subject import load_subject, random_network
from hatsr.model import HATConfig

TINY = HATConfig(
    embed_dim=12, depths=(1, 1), num_heads=2, window_size=4, compress_ratio=3, squeeze_factor=4
)


@pytest.fixture
def files(tmp_path):
    codes = np.random.default_rng(0).integers(0, 256, (50, 42, 3), dtype=np.uint8)
    Image.fromarray(codes).save(tmp_path / "colour.png")
    Image.fromarray(codes[..., 0]).save(tmp_path / "gray.png")
    for seed in (0, 1):
        checkpoint.save(
            random_network(TINY, seed), tmp_path / f"net{seed}.safetensors", layout="official"
        )
    return tmp_path


def run(command, *arguments):
    result = CliRunner().invoke(command, [str(a) for a in arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


@pytest.mark.parametrize("picture", ["colour.png", "gray.png"])
def test_numbers_of_two_networks(files, picture):
    networks = ("-m", files / "net0.safetensors", "-m", files / "net1.safetensors")
    rest = ("--patch", 20, 20, "--fold", 2, "--json")
    result = run(lam, files / picture, *networks, *rest)
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert [row["model"] for row in rows] == ["net0", "net1"]
    assert 0 < rows[0]["diffusion_index"] < 100
    assert rows[0]["patch"] == [20, 20]
    assert isinstance(rows[0]["psnr"], float)


def test_the_lr_picture_itself_has_no_quality(files):
    arguments = ("-m", files / "net0.safetensors", "--patch", 184, 152, "--fold", 1, "--lr")
    result = run(lam, files / "colour.png", *arguments)
    assert result.exit_code == 0
    assert "DI" in result.stdout
    assert "completeness error" in result.stdout
    assert "dB" not in result.stdout


@pytest.mark.parametrize("ending", ["png", "svg", "pdf"])
def test_figure_carries_its_parameters(files, ending):
    pytest.importorskip("matplotlib")
    path = files / f"figure.{ending}"
    more = ["--lr"] if ending == "svg" else []
    arguments = ("--patch", 4, 8, "--fold", 1, "--colours", "cividis", "-o", path, *more)
    result = run(lam, files / "colour.png", "-m", files / "net0.safetensors", *arguments)
    assert result.exit_code == 0, result.output
    if ending == "png":
        with Image.open(path) as picture:
            parameters = json.loads(picture.info["Description"])
        assert parameters["findings"][0]["patch"] == [4, 8]
        assert parameters["colours"] == "cividis"
    else:
        assert b"cividis" in path.read_bytes()


def test_a_figure_that_fails_leaves_the_one_before(tmp_path, monkeypatch):
    pytest.importorskip("matplotlib")
    from hatsr.attribution.plotting import figure, save

    drawn, _ = figure([1.0], [1.0])
    save(drawn, tmp_path / "a.png", "first", {})
    before = (tmp_path / "a.png").read_bytes()

    def broken(file, **options):
        Path(file).write_bytes(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(drawn, "savefig", broken)
    with pytest.raises(OSError, match="disk full"):
        save(drawn, tmp_path / "a.png", "second", {})
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [before]


def test_features_and_their_figure(files):
    pytest.importorskip("matplotlib")
    networks = ("-m", files / "net0.safetensors", "-m", files / "net1.safetensors")
    path = files / "features.png"
    result = run(features, files / "colour.png", *networks, "--layer", 2, "-o", path)
    assert result.exit_code == 0, result.output
    assert result.stdout.count("layer 2: blocking index") == 2
    with Image.open(path) as picture:
        assert len(json.loads(picture.info["Description"])["layers"]) == 2


def test_sweep_prints_means_and_continues(files):
    results = files / "rows.jsonl"
    rest = ("-m", files / "net0.safetensors", "-o", results, "--fold", 1, "--grid", 1)
    assert (
        "2 patches to do" in run(lam_sweep, files / "colour.png", files / "gray.png", *rest).output
    )
    again = run(lam_sweep, files / "colour.png", files / "gray.png", *rest)
    assert "0 patches to do" in again.output
    assert "over 2 pictures, 2 patches" in again.output


def test_any_callable_can_be_studied(files, monkeypatch):
    (files / "their_network.py").write_text(
        "from torch.nn import Upsample\n\n"
        "def bilinear():\n    return Upsample(scale_factor=2.0, mode='bilinear')\n"
    )
    monkeypatch.syspath_prepend(str(files))
    subject = load_subject("python:their_network:bilinear")
    assert (subject.name, subject.scale) == ("bilinear", 2)
    arguments = ("-m", "python:their_network:bilinear", "--patch", 9, 9, "--fold", 2)
    assert run(lam, files / "colour.png", *arguments).exit_code == 0
    sys.modules.pop("their_network", None)


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("json:nothing", "no attribute 'nothing'"),
        ("no_such_module:make", "No module named 'no_such_module'"),
        ("json", "no attribute ''"),
        (":make", "Empty module name"),
        (".here:make", "relative import"),
        ("torch.nn:Conv2d", "missing a required argument"),
        ("json:__name__", "is not a callable object"),
        ("os:getcwd", "returns str"),
    ],
)
def test_what_is_no_network_is_named(source, why):
    with pytest.raises(ValueError, match=rf"python:MODULE:FUNCTION .* got '{source}'.*{why}"):
        load_subject(f"python:{source}")


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
        "hatsr.attribution.report.study",
        lambda *arguments: seen.append(arguments[3].memory) or (),
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
        (("--patch", 0, 0, "--fold", 0), "fold must be at least 1"),
        (("--patch", 0, 0, "-m", "python:no_such_module:make"), "No module named 'no_such_module'"),
    ],
)
def test_messages(files, arguments, message, monkeypatch):
    picture, network = files / "colour.png", files / "net0.safetensors"
    monkeypatch.chdir(files)
    before = picture.read_bytes()
    result = run(lam, picture, "-m", network, "--fold", 1, *arguments)
    assert result.exit_code == 2
    assert message in result.output
    assert picture.read_bytes() == before


def test_figures_without_matplotlib_say_what_to_install(files, monkeypatch):
    monkeypatch.setattr(figure_file, "find_spec", lambda name: None)
    arguments = (
        files / "colour.png",
        "-m",
        files / "net0.safetensors",
        "--patch",
        0,
        0,
        "--fold",
        1,
    )
    result = run(lam, *arguments, "-o", files / "a.png")
    assert result.exit_code == 2
    assert "pip install 'hat-sr[figures]'" in result.output
    assert run(lam, *arguments).exit_code == 0
