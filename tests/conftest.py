"""Every test runs with the shapes in hatsr's signatures checked, unless it asks not to."""

import os
from pathlib import Path

import pytest

if not os.environ.get("HATSR_UNINSTRUMENTED"):
    from jaxtyping import install_import_hook

    install_import_hook("hatsr", "beartype.beartype")


@pytest.fixture
def bench() -> Path:
    root = Path(os.environ.get("HATSR_BENCH", Path(__file__).parents[2] / "shared/data/bench"))
    if not (root / "Set5" / "HR").is_dir():
        pytest.skip(f"the benchmark sets are not at {root}; set HATSR_BENCH")
    return root
