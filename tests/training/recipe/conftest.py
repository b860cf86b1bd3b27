"""A recipe file that includes another one, in which a key is misspelt."""

from pathlib import Path

import pytest


@pytest.fixture
def recipe_file(tmp_path: Path) -> Path:
    (tmp_path / "base.yaml").write_text("iterations: 10\noptim: {clip: 1.0, learning_rte: 1e-4}\n")
    path = tmp_path / "run.yaml"
    path.write_text("include: [base.yaml]\nname: run\noptim: {clip: 2.0}\n")
    return path
