"""Every test runs with the shapes in hatsr's signatures checked, unless it asks not to."""

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

if not os.environ.get("HATSR_UNINSTRUMENTED"):
    from jaxtyping import install_import_hook

    install_import_hook("hatsr", "beartype.beartype")


@pytest.fixture
def bench() -> Path:
    root = Path(os.environ.get("HATSR_BENCH", Path(__file__).parents[2] / "shared/data/bench"))
    if not (root / "Set5" / "HR").is_dir():
        pytest.skip(f"the benchmark sets are not at {root}; set HATSR_BENCH")
    return root


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six pictures of 48 x 52 with edges and gradients, to train on."""
    folder = tmp_path_factory.mktemp("pictures")
    rng = np.random.default_rng(0)
    for i in range(6):
        coarse = rng.integers(0, 256, (6, 7, 3), dtype=np.uint8)
        big = Image.fromarray(coarse).resize((52, 48), Image.Resampling.BICUBIC)
        big.save(folder / f"{i}.png")
    return folder
