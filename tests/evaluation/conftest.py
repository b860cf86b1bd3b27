from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from hatsr.resize import imresize


def photograph(seed: int, height: int, width: int, *, gray: bool = False) -> np.ndarray:
    """Something with edges and shades."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (height // 6 + 2, width // 6 + 2, 3), dtype=np.uint8)
    picture = imresize(coarse, 6)[:height, :width].copy()
    picture[height // 3 : height // 2, width // 4 : width // 2] = rng.integers(0, 256, 3)
    return picture[..., :1].repeat(3, 2) if gray else picture


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of the user's: four pictures of odd sizes under HR, one of them gray."""
    hr = tmp_path / "mine" / "HR"
    hr.mkdir(parents=True)
    for seed, (height, width) in enumerate([(50, 61), (47, 48), (64, 49)]):
        Image.fromarray(photograph(seed, height, width)).save(hr / f"p{seed}.png")
    Image.fromarray(photograph(9, 53, 53, gray=True)[..., 0]).save(hr / "plain.png")
    return tmp_path / "mine"


class Sharpened:
    """Bicubic enlargement and then some: a stand-in for a network, in torch."""

    scale = 2

    def __init__(self, name: str = "stand-in", strength: float = 0.3) -> None:
        self.name, self.strength = name, strength
        self.calls = 0

    def upscale_tensor(self, lr: Tensor) -> Tensor:
        self.calls += 1
        sr = imresize(lr, 2)
        smooth = torch.nn.functional.avg_pool2d(sr, 3, 1, 1, count_include_pad=False)
        return sr + self.strength * (sr - smooth)


@pytest.fixture
def model() -> Sharpened:
    return Sharpened()
