"""What is said before a budget makes the work much longer."""

from pathlib import Path

from PIL import Image
from tiny import tiny

from hatsr.inference.settings import Settings
from hatsr.inference.tiling.tiling_remarks import tiling_remarks
from hatsr.inference.upscaler import Upscaler


def test_the_first_picture_that_is_cut_into_far_more_work(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("none.png", "small.png", "a.png", "b.png")]
    for path, side in zip(paths[1:], (30, 256, 512), strict=True):
        Image.new("L", (side, side)).save(path)

    def said(**settings: int | str) -> list[str]:
        return tiling_remarks(Upscaler(tiny(), "tiny", Settings(**settings)), paths)  # pyright: ignore[reportArgumentType]

    (words,) = said(memory="1MB")
    assert words.startswith(f"{paths[2]}: a memory of 1MB cuts it into small tiles with ")
    assert " times the work; whole it takes " in words
    assert said() == said(memory="4GB") == said(memory="1MB", tile=64) == []
