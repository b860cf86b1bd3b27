"""The worked example of docs/add-a-network.md runs as it stands there."""

from collections.abc import Iterator
from pathlib import Path
from shutil import copytree
from typing import Any

import numpy as np
import pytest
from PIL import Image
from test_docs import ROOT, fences

import hatsr
from hatsr.checkpoint import KINDS, read

PAGE = (ROOT / "docs/add-a-network.md").read_text(encoding="utf-8")


@pytest.fixture
def example() -> Iterator[dict[str, Any]]:
    """The names of the page's file and row; the row is gone afterwards."""
    names: dict[str, Any] = {"__name__": "espcn"}
    file, row, *_ = fences(PAGE, "python")
    exec(compile(file, "espcn.py", "exec"), names)
    exec(compile(row, "row.py", "exec"), names)
    yield names
    KINDS.pop("espcn")


def test_a_file_and_a_row_make_a_kind(example: dict[str, Any]) -> None:
    config = hatsr.preset("espcn", scale=2)
    assert config == example["ESPCNConfig"](scale=2)
    assert sum(p.numel() for p in example["ESPCN"](config).parameters()) == (
        3 * 64 * 25 + 64 + 64 * 32 * 9 + 32 + 32 * 12 * 9 + 12
    )
    with pytest.raises(ValueError, match="scale must be 2, 3 or 4, got 8"):
        hatsr.preset("espcn", scale=8)


def test_it_is_trained_and_enlarges(
    example: dict[str, Any], pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for folder in ("train", "valid"):
        copytree(pictures, tmp_path / "data" / folder)
    lr = np.zeros((6, 5, 3), np.uint8)
    Image.fromarray(lr).save(tmp_path / "photo.png")
    (recipe,) = fences(PAGE, "yaml")
    short = recipe.replace("iterations: 200_000", "iterations: 1")
    assert short != recipe
    short = short.replace("data: {train", "data: {workers: 0, train")
    (tmp_path / "espcn-x2.yaml").write_text(short + "save: {tensorboard: false}\n")
    exec(compile(fences(PAGE, "python")[2], "use.py", "exec"), dict(example))
    found = read(tmp_path / "runs/espcn-x2/best.safetensors")
    assert (found.kind, found.config.width, found.metadata["step"]) == ("espcn", 48, "1")
    sr = np.asarray(Image.open(tmp_path / "photo_x2.png"))
    assert sr.shape == (12, 10, 3)
    np.testing.assert_array_equal(sr, hatsr.upscale(lr, tmp_path / "runs/espcn-x2"))
