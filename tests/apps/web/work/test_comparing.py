from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from web_pictures import save_picture

from hatsr.apps.web.work.comparing import CompareResult, CompareTask, write_difference
from hatsr.apps.web.work.model_cache import ModelCache

TINY = "net.safetensors"


def compare(cache: ModelCache, folder: Path, *models: str, hr: str = "") -> CompareResult:
    save_picture(folder / "lr.png", 12, 10)
    one, other = models
    return CompareTask(source="lr.png", models=(one, other), hr=hr).run(cache, folder, print)


def codes(path: Path) -> np.ndarray:
    with Image.open(path) as picture:
        return np.asarray(picture)


def test_the_map_is_white_where_two_differ_most(tmp_path: Path) -> None:
    a = np.zeros((1, 4, 3), np.uint8)
    b = np.array([[[0, 0, 0], [4, 0, 1], [0, 8, 0], [1, 2, 3]]], np.uint8)
    assert write_difference(a, b, tmp_path / "d.png") == (8, (0 + 4 + 8 + 3) / 4)
    assert codes(tmp_path / "d.png").tolist() == [[0, 127, 255, 95]]  # 255 / 8 for each step
    assert write_difference(b, a, tmp_path / "e.png") == (8, 3.75)
    assert (tmp_path / "d.png").read_bytes() == (tmp_path / "e.png").read_bytes()
    assert write_difference(a, a, tmp_path / "f.png") == (0, 0)
    assert codes(tmp_path / "f.png").max() == 0


def test_both_results_and_their_difference(cache: ModelCache, tmp_path: Path) -> None:
    found = compare(cache, tmp_path, TINY, "hat-t-x2")
    a, b = (codes(tmp_path / f"{name}.png").astype(int) for name in "ab")
    assert a.shape == b.shape == (24, 20, 3)
    apart = np.abs(a - b).max(axis=2)
    assert (found.largest, found.mean) == (apart.max(), pytest.approx(apart.mean()))
    assert (found.models, found.quality) == ((TINY, "hat-t-x2"), ())
    done = []
    CompareTask(source="lr.png", models=(TINY, TINY)).run(cache, tmp_path, done.append)
    assert done == sorted(done)
    assert done[-1] == 1


def test_quality_is_that_of_the_benchmarks(cache: ModelCache, tmp_path: Path) -> None:
    """PSNR on Y without the two outermost pixels, of HR cut to twice the picture."""
    save_picture(tmp_path / "hr.png", 25, 21)
    found = compare(cache, tmp_path, TINY, TINY, hr="hr.png")
    y, true = (
        codes(tmp_path / name)[:24, :20] @ np.array([65.481, 128.553, 24.966]) / 255
        for name in ("a.png", "hr.png")
    )
    error = np.mean((y - true)[2:-2, 2:-2] ** 2)
    (decibels, likeness), again = found.quality
    assert decibels == pytest.approx(10 * np.log10(255**2 / error), abs=0.01)
    assert 0 < likeness < 1
    assert again == (decibels, likeness)


@pytest.mark.parametrize("size", [(23, 20), (24, 22), (26, 20)])
def test_hr_of_another_picture_is_refused(
    cache: ModelCache, tmp_path: Path, size: tuple[int, int]
) -> None:
    save_picture(tmp_path / "hr.png", *size)
    rule = f"HR must be 2 times as large as the picture, 24 x 20, got {size[0]} x {size[1]}; choose"
    with pytest.raises(ValueError, match=rule):
        compare(cache, tmp_path, TINY, TINY, hr="hr.png")


def test_networks_of_two_scales_are_refused(cache: ModelCache, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="must have one scale, got x2 and x4; choose others"):
        compare(cache, tmp_path, TINY, "hat-t-x4")
