"""Which pictures are held out, and what is kept of them."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hatsr.data.holdout import decode_validation, fingerprint, hold_out
from hatsr.data.sources import open_folders


@pytest.mark.parametrize(("share", "count"), [(0.01, 1), (0.5, 2), (0.75, 3)])
def test_a_share_is_held_out_and_left_out_of_training(
    folder: Path, share: float, count: int
) -> None:
    source = open_folders([folder])
    left, held = hold_out(source, share, 1, [2], patch=4)
    assert (len(left), len(held)) == (4 - count, count)
    assert {path.stem for path in left.paths} | {pair.name for pair in held} == set("0123")
    again = hold_out(source, share, 1, [2], patch=4)[1]
    assert fingerprint(held) == fingerprint(again)
    chosen = {hold_out(source, share, seed, [2], 4)[1][0].name for seed in range(9)}
    assert len(chosen) > 1


def test_no_more_than_twenty_are_held_out(tmp_path: Path) -> None:
    for number in range(50):
        Image.new("RGB", (8, 8), (number, 0, 0)).save(tmp_path / f"{number}.png")
    left, held = hold_out(open_folders([tmp_path]), 0.9, 0, [2], patch=4)
    assert (len(left), len(held)) == (30, 20)


def test_the_largest_scale_decides_what_is_too_small(folder: Path) -> None:
    _, held = hold_out(open_folders([folder]), 0.99, 0, [2, 4], patch=10)
    assert {pair.name for pair in held} == {"0", "2", "3"}  # the other is 48 x 36
    assert all(np.multiply(pair.lr.shape[:2], 2).tolist() == [*pair.hr.shape[:2]] for pair in held)


def test_a_validation_picture_must_be_readable(folder: Path) -> None:
    assert [pair.name for pair in decode_validation(open_folders([folder]), 2)] == [*"0123"]
    (folder / "2.png").write_bytes(b"broken")
    with pytest.raises(ValueError, match=r"must be readable, got .*2\.png: "):
        decode_validation(open_folders([folder]), 2)


def test_another_name_or_pixel_is_another_fingerprint(folder: Path) -> None:
    before = fingerprint(decode_validation(open_folders([folder]), 2))
    (folder / "3.png").rename(folder / "4.png")
    renamed = fingerprint(decode_validation(open_folders([folder]), 2))
    Image.new("RGB", (60, 60)).save(folder / "4.png")
    repainted = fingerprint(decode_validation(open_folders([folder]), 2))
    assert len({before, renamed, repainted}) == 3
