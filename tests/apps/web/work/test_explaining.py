import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from web_pictures import save_picture

from hatsr.apps.web.work.explaining import ExplainMethod, ExplainResult, ExplainTask
from hatsr.apps.web.work.model_cache import ModelCache

pytest.importorskip("matplotlib", reason="figures need the extra hat-sr[figures]")


def explain(
    cache: ModelCache, folder: Path, spot: tuple[int, int], *, is_lr: bool = False,
    what: ExplainMethod = "features", size: tuple[int, int] = (300, 250),
) -> ExplainResult:  # fmt: skip
    save_picture(folder / "a.png", *size)
    task = ExplainTask(
        source="a.png", what=what, models=("net.safetensors",), row=spot[0], column=spot[1],
        is_lr=is_lr, steps=1,
    )  # fmt: skip
    return task.run(cache, folder, lambda fraction: None)


@pytest.mark.parametrize(
    ("spot", "is_lr", "rows", "columns"),
    [
        ((150, 120), False, (54, 246), (24, 216)),  # 192 pixels of HR are 96 of LR
        ((0, 249), False, (0, 192), (58, 250)),
        ((299, 0), False, (108, 300), (0, 192)),
        ((150, 120), True, (102, 198), (72, 168)),
    ],
)
def test_networks_see_96_pixels_of_lr_around_the_spot(
    cache: ModelCache, tmp_path: Path, spot: tuple[int, int], is_lr: bool, rows: tuple[int, int],
    columns: tuple[int, int],
) -> None:  # fmt: skip
    found = explain(cache, tmp_path, spot, is_lr=is_lr)
    with Image.open(tmp_path / "part.png") as part, Image.open(tmp_path / "a.png") as whole:
        wanted = np.asarray(whole)[slice(*rows), slice(*columns)]
        assert np.array_equal(np.asarray(part), wanted)
    assert [line.split(":")[0] for line in found.lines] == ["net, layer 1", "net, layer 2"]


@pytest.mark.parametrize(
    ("spot", "is_lr", "patch"),
    [
        ((20, 12), False, (12, 4)),  # eight pixels before the spot
        ((0, 0), False, (0, 0)),
        ((39, 29), False, (24, 14)),  # all of it inside
        ((10, 8), True, (12, 8)),  # the spot of SR is at 20, 16
        ((39, 29), True, (64, 44)),
    ],
)
def test_the_patch_of_lam_is_around_the_spot(
    cache: ModelCache, tmp_path: Path, spot: tuple[int, int], is_lr: bool, patch: tuple[int, int]
) -> None:
    found = explain(cache, tmp_path, spot, is_lr=is_lr, what="lam", size=(40, 30))
    with Image.open(tmp_path / found.figure) as figure:
        told = json.loads(figure.info["Description"])
    assert told["findings"][0]["patch"] == list(patch)
    (line,) = found.lines
    assert "DI" in line


@pytest.mark.parametrize("spot", [(300, 0), (0, 250), (-1, 0)])
def test_a_spot_outside_is_refused(
    cache: ModelCache, tmp_path: Path, spot: tuple[int, int]
) -> None:
    rule = f"spot must be in the picture of 300 x 250, got row {spot[0]}, column {spot[1]}; click"
    with pytest.raises(ValueError, match=rule):
        explain(cache, tmp_path, spot)


def test_without_a_network_there_is_nothing_to_explain(cache: ModelCache, tmp_path: Path) -> None:
    task = ExplainTask(source="a.png", what="lam", models=(), row=0, column=0, is_lr=True)
    with pytest.raises(ValueError, match="models must be one or two, got none; choose one"):
        task.run(cache, tmp_path, lambda fraction: None)
