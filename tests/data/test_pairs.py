"""Pairs of HR and LR: kept or read they are the same; what cannot be used is left out."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from PIL import Image

from hatsr.data.pairs import advice_for, describe_left_out, keep_in_memory, load_pair
from hatsr.data.samples import PatchDataset, Sample
from hatsr.data.sources import open_folders


def assert_same(a: Sample, b: Sample) -> None:
    assert (a.number, a.picture) == (b.number, b.picture)
    for x, y in zip(a.lr + a.hr, b.lr + b.hr, strict=True):
        assert torch.equal(x, y)


def test_memory_and_disk_give_the_same(patches: Callable[..., PatchDataset], folder: Path) -> None:
    kept, lazy = patches(folder), patches(folder, budget=0)
    assert kept.pairs.kept
    assert not lazy.pairs.kept
    for k in range(12):
        assert_same(kept[k, 8], lazy[k, 8])
        assert_same(kept[k, 8], kept[k, 8])


def test_memory_does_not_change_what_is_left_out(folder: Path) -> None:
    (folder / "0.png").write_bytes(b"\x89PNG\r\n\x1a\n broken")
    source = open_folders([folder])
    kept, lazy = (keep_in_memory(source, (2,), budget, smallest=38) for budget in (1 << 30, 0))
    assert (len(kept.kept), len(lazy.kept)) == (2, 0)
    assert {Path(name).name for name in lazy.broken} == {"0.png", "1.png"}
    assert (lazy.indices, lazy.broken) == (kept.indices, kept.broken)


def test_broken_and_small_are_left_out(folder: Path) -> None:
    (folder / "0.png").write_bytes(b"\x89PNG\r\n\x1a\n broken")
    pairs = keep_in_memory(open_folders([folder]), (2,), 1 << 30, smallest=41)
    assert [pairs.name(i)[-5:] for i in range(len(pairs))] == ["2.png", "3.png"]
    assert {name[-5:] for name in pairs.broken} == {"0.png", "1.png"}


def test_a_few_reasons_and_a_count() -> None:
    reasons = {f"{name}.png": f"reason {name}" for name in "abcde"}
    assert describe_left_out({}) == ""
    assert describe_left_out({"a": "b"}) == "a: b"
    first = "a.png: reason a; b.png: reason b; c.png: reason c"
    assert describe_left_out(reasons) == f"{first}; and 2 more"


@pytest.mark.parametrize(
    ("patch", "scale", "wanted"),
    [
        (31, 2, r"give data\.patch=30 or less"),  # the largest is 60 x 60
        (48, 4, r"give data\.patch=15 or less"),
        (30, 2, "^add pictures$"),
        (2, 99, "^add pictures$"),  # not even a patch of 1
    ],
)
def test_advice_goes_by_the_largest_picture(
    folder: Path, patch: int, scale: int, wanted: str
) -> None:
    (folder / "9.png").write_bytes(b"broken")
    assert re.search(wanted, advice_for(open_folders([folder]), patch, scale))


def test_pairs_must_fit(folder: Path, tmp_path: Path) -> None:
    lr = tmp_path / "lr"
    lr.mkdir()
    for i in range(4):
        hr = load_pair(open_folders([folder]), i, (2,))
        Image.fromarray(hr.lr[2]).save(lr / f"{i}x2.png")
    source = open_folders([folder], lr, 2)
    assert load_pair(source, 0, (2,)).lr[2].shape == (20, 25, 3)
    Image.new("RGB", (4, 4)).save(lr / "0x2.png")
    with pytest.raises(ValueError, match=r"must be \(20, 25\) at x2, got \(4, 4\)"):
        load_pair(source, 0, (2,))
    (lr / "1x2.png").unlink()
    with pytest.raises(ValueError, match=r"none for 1 of 4, first 1\.png"):
        open_folders([folder], lr, 2)


def test_stored_lr_that_does_not_fit_is_left_out_unread(folder: Path, tmp_path: Path) -> None:
    lr = tmp_path / "lr"
    lr.mkdir()
    for i in range(4):
        Image.fromarray(load_pair(open_folders([folder]), i, (2,)).lr[2]).save(lr / f"{i}.png")
    Image.new("RGB", (4, 4)).save(lr / "3.png")
    pairs = keep_in_memory(open_folders([folder], lr, 2), (2,), budget=0)
    assert pairs.indices == (0, 1, 2)
