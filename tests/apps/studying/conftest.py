"""Pictures to measure on, and networks to study."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tiny import TINY_X4 as TINY

from hatsr import checkpoint
from hatsr.attribution.inputs import random_network
from hatsr.resize import imresize


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of three small pictures, in which the commands run."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HATSR_BENCH", raising=False)
    hr = tmp_path / "mine" / "HR"
    hr.mkdir(parents=True)
    for seed in range(3):
        coarse = np.random.default_rng(seed).integers(0, 256, (12, 14, 3), dtype=np.uint8)
        Image.fromarray(imresize(coarse, 5)).save(hr / f"p{seed}.png")
    return tmp_path / "mine"


@pytest.fixture
def files(tmp_path):
    """A folder of a picture in colour, the same in gray, and two random networks, x4."""
    codes = np.random.default_rng(0).integers(0, 256, (50, 42, 3), dtype=np.uint8)
    Image.fromarray(codes).save(tmp_path / "colour.png")
    Image.fromarray(codes[..., 0]).save(tmp_path / "gray.png")
    for seed in (0, 1):
        checkpoint.save(
            random_network(TINY, seed), tmp_path / f"net{seed}.safetensors", layout="official"
        )
    return tmp_path
