"""A folder of four small pictures, samples cut from it, and shards made of it."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hatsr.data import PatchDataset, Task, keep_in_memory, open_folders
from hatsr.data.preparing import Cut, prepare


def smooth(seed: int, height: int, width: int) -> np.ndarray:
    """A picture that shrinks well."""
    coarse = np.random.default_rng(seed).integers(0, 256, (5, 6, 3), dtype=np.uint8)
    return np.array(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "pictures"
    place.mkdir()
    for i, (height, width) in enumerate([(40, 50), (48, 36), (41, 43), (60, 60)]):
        Image.fromarray(smooth(i, height, width)).save(place / f"{i}.png")
    return place


@pytest.fixture
def patches() -> Callable[..., PatchDataset]:
    """Samples at x2 of a folder."""

    def make(folder: Path, seed: int = 3, budget: int = 1 << 30, **options: object) -> PatchDataset:
        scales = () if options.pop("from_crops", False) else (2,)
        pairs = keep_in_memory(open_folders([folder]), scales, budget)
        return PatchDataset(pairs, (Task(2),), seed, **options)  # pyright: ignore[reportArgumentType]

    return make


@pytest.fixture
def manifest(folder: Path, tmp_path: Path) -> Path:
    """The manifest of shards with sub-images of 24 x 24, five in each tar."""
    cut = Cut(size=24, step=12, scales=(2, 4))
    return prepare([folder], tmp_path / "shards", cut, per_shard=5).manifest
