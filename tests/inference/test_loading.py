import subprocess
import sys

import pytest
import torch

import hatsr


def test_denoise_lies_between_the_two_networks() -> None:
    clean, half, real = (
        hatsr.load(**given)  # pyright: ignore[reportArgumentType]
        for given in ({"model": "hat-t-x4"}, {"denoise": 0.5}, {"model": "hat-t-real-x4"})
    )
    assert half.name == "hat-t-x4 denoise 0.5"
    states = [upscaler.tiled.model.state_dict() for upscaler in (clean, half, real)]
    for name, tensor in states[1].items():
        assert torch.allclose(tensor, (states[0][name] + states[2][name]) / 2, atol=1e-6)
    end = hatsr.load("hat-t-real-x4", denoise=0.0).tiled.model.state_dict()
    assert all(torch.equal(end[name], tensor) for name, tensor in states[0].items())


@pytest.mark.parametrize(
    ("model", "denoise", "message"),
    [
        ("hat-t-x3", 0.5, "denoise must go with shipped weights .* got hat-t-x3"),
        ("mine.pth", 0.5, "blend two files with hatsr blend"),
        ("hat-t-x4", 1.5, "denoise must be from 0 to 1, got 1.5"),
    ],
)
def test_where_there_is_no_denoise(model: str, denoise: float, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        hatsr.load(model, denoise=denoise)


def test_opening_loads_no_compiler() -> None:
    code = (
        "import sys, hatsr; hatsr.load('hat-t-x4', device='cpu'); "
        "sys.exit('torch._dynamo' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
