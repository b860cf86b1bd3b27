"""What is studied: networks by name, file or function, and pictures with or without HR."""

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from tiny import TINY_X4

from hatsr import checkpoint
from hatsr.attribution.inputs import load_network, load_networks, load_picture, random_network
from hatsr.model import HATConfig


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
        load_network(f"python:{source}")


@pytest.fixture
def net(tmp_path: Path) -> str:
    checkpoint.save(random_network(TINY_X4), tmp_path / "net.safetensors", layout="official")
    return str(tmp_path / "net.safetensors")


def test_a_file_a_preset_and_a_function_are_told_apart(net: str) -> None:
    file = load_network(net)
    begin = hashlib.sha256(Path(net).read_bytes()).hexdigest()[:12]
    assert (file.name, file.scale, file.digest) == ("net", 4, begin)
    preset = load_network("random:hat-t", overrides={"scale": 2, "depths": [1]})
    assert (preset.name, preset.scale, preset.digest) == ("hat-t (random)", 2, "random:hat-t")
    foreign = load_network("python:other_network:BicubicConv")
    assert (foreign.name, foreign.scale) == ("BicubicConv", 2)
    assert foreign.digest == "python:other_network:BicubicConv"


@pytest.mark.parametrize(
    ("sources", "overrides", "message"),
    [
        (["random:hat-q"], {}, "preset must be one of .* got 'hat-q'"),
        (["random:hat-t"], {"channels": 1}, "must be given a network for RGB pictures, got random"),
        (["random:hat-t"], {"width": 8}, "a hyper-parameter must be one of .* got 'width'"),
        (["python:other_network:BicubicConv"], {"scale": 3}, r"\(--set\) must go with a file or"),
        (["NET", "NET"], {"scale": 3}, r"\(--set\) must go with one model, got 2"),
        (
            ["NET", "python:other_network:BicubicConv"],
            {},
            "must have one scale, got net x4, BicubicConv x2",
        ),
    ],
)
def test_networks_that_cannot_be_studied(
    sources: list[str], overrides: dict, message: str, net: str
) -> None:
    with pytest.raises(ValueError, match=message):
        load_networks([net if source == "NET" else source for source in sources], "cpu", overrides)


def test_a_random_network_is_that_of_its_seed_alone() -> None:
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    first = random_network(TINY_X4, 3)
    assert torch.equal(torch.random.get_rng_state(), before)
    torch.rand(7)
    again, other = random_network(TINY_X4, 3), random_network(TINY_X4, 4)
    assert torch.equal(first.shallow.weight, again.shallow.weight)
    assert not torch.equal(first.shallow.weight, other.shallow.weight)
    assert not first.training


def test_linear_layers_of_a_random_network_keep_the_variance() -> None:
    """Of 180 inputs, with 180 x 540 numbers: their standard deviation is known to one percent."""
    weight = random_network(replace(HATConfig(), depths=(1,))).groups[0].blocks[0].attention.qkv
    assert float(weight.weight.detach().std()) == pytest.approx(180**-0.5, rel=0.01)


def picture_file(folder: Path, height: int, width: int) -> tuple[Path, np.ndarray]:
    codes = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    Image.fromarray(codes).save(folder / "p.png")
    return folder / "p.png", codes


def test_hr_is_cropped_and_lr_is_pillows(tmp_path: Path) -> None:
    path, codes = picture_file(tmp_path, 13, 18)
    found = load_picture(path, 4)
    assert found.name == "p.png"
    assert found.hr is not None
    np.testing.assert_allclose(found.hr, codes[:12, :16] / 255, atol=1e-7)
    small = np.array(Image.fromarray(codes[:12, :16]).resize((4, 3), Image.Resampling.BICUBIC))
    np.testing.assert_allclose(found.lr[0].permute(1, 2, 0), small / 255, atol=1e-7)


def test_the_lr_picture_is_taken_as_it_is(tmp_path: Path) -> None:
    path, codes = picture_file(tmp_path, 5, 3)
    found = load_picture(path, 4, is_lr=True)
    assert found.hr is None
    np.testing.assert_allclose(found.lr[0].permute(1, 2, 0), codes / 255, atol=1e-7)
    with pytest.raises(ValueError, match=r"at least 4 x 4 at scale 4, got 5 x 3; is it the LR"):
        load_picture(path, 4)
