"""Sample k of seed s is a pure function of (s, k)."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from hatsr.data.augment import VARIANTS, dihedral
from hatsr.data.degrade import PRESETS
from hatsr.data.loader import Plan, Stage, open_loader
from hatsr.data.pairs import how_to_use, keep_in_memory, load_pair, some_of
from hatsr.data.pictures import downsample
from hatsr.data.random import draw, picture_of, step_seed
from hatsr.data.samples import Batch, Patches, Sample, Task
from hatsr.data.sources import open_folders


def patches(folder: Path, seed: int = 3, budget: int = 1 << 30, **options: object) -> Patches:
    scales = () if options.pop("from_crops", False) else (2,)
    pairs = keep_in_memory(open_folders([folder]), scales, budget)
    return Patches(pairs, (Task(2),), seed, **options)  # pyright: ignore[reportArgumentType]


def assert_same(a: Sample, b: Sample) -> None:
    assert (a.number, a.picture) == (b.number, b.picture)
    for x, y in zip(a.lr + a.hr, b.lr + b.hr, strict=True):
        assert torch.equal(x, y)


@pytest.mark.parametrize("length", [1, 2, 3, 7, 64, 1000])
def test_each_picture_once_an_epoch(length: int) -> None:
    epochs = [[picture_of(5, e * length + i, length) for i in range(length)] for e in range(3)]
    for epoch in epochs:
        assert sorted(epoch) == list(range(length))
    assert length < 7 or epochs[0] != epochs[1] != epochs[2]


def test_order_of_a_million_costs_nothing() -> None:
    seen = {picture_of(0, k, 1_281_167) for k in range(2000)}
    assert len(seen) == 2000
    assert max(seen) < 1_281_167


def test_draws_do_not_change() -> None:
    """Written down once: another value would break resuming runs of earlier versions."""
    assert draw(1, 2, 2).words == (5705853004827290377, 6584680345644299050)
    assert [picture_of(1, k, 10) for k in range(10)] == [3, 4, 7, 0, 5, 2, 1, 8, 9, 6]
    assert step_seed(1, 2, 0) != step_seed(1, 2, 1) != step_seed(1, 3, 1)


def test_draws_are_uniform() -> None:
    values = [draw(0, k, 1).below(0, 8) for k in range(4000)]
    counts = np.bincount(values, minlength=8)
    assert counts.min() > 400
    assert counts.max() < 600


def test_memory_and_disk_give_the_same(folder: Path) -> None:
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


def test_seeds_differ(folder: Path) -> None:
    one, other = patches(folder, seed=1), patches(folder, seed=2)
    assert any(not torch.equal(one[k, 8].lr[0], other[k, 8].lr[0]) for k in range(3))


def test_workers_ranks_and_resume_see_the_same(folder: Path) -> None:
    data = patches(folder)
    stages = (Stage(0, 8, 4), Stage(3, 6, 8))
    plan = Plan(stages, iterations=6)

    def numbers(batches: list[Batch]) -> list[list[int]]:
        return [batch.numbers for batch in batches]

    alone = list(open_loader(data, plan, 0, 0, workers=0))
    assert numbers(alone)[:4] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11], [*range(12, 20)]]
    helped = list(open_loader(data, plan, 0, 0, workers=2))
    resumed = list(open_loader(data, plan, 2, 0, workers=0))
    for one, other in zip(alone, helped, strict=True):
        assert torch.equal(one.lr[0], other.lr[0])
        assert torch.equal(one.hr[0], other.hr[0])
    assert numbers(resumed) == numbers(alone)[2:]
    split = Plan(stages, iterations=6, processes=2, accumulate=2)
    ranks = [numbers(list(open_loader(data, split, 0, rank, workers=0))) for rank in range(2)]
    for step in range(6):
        parts = [ranks[rank][2 * step + micro] for micro in range(2) for rank in range(2)]
        assert sum(parts, []) == alone[step].numbers  # noqa: RUF017


def test_lr_is_that_of_the_whole_picture(folder: Path) -> None:
    data = patches(folder, augment=False)
    for k in range(8):
        sample = data[k, 8]
        whole = downsample(data.pairs.get(sample.picture).hr, 2)
        lr = sample.lr[0].permute(1, 2, 0).numpy()
        windows = np.lib.stride_tricks.sliding_window_view(whole, (8, 8, 3))[:, :, 0]
        assert (windows == lr).all((2, 3, 4)).any()
        assert sample.hr[0].shape == (3, 16, 16)


def test_crops_make_float_lr_and_enlarge_small_pictures(folder: Path) -> None:
    data = patches(folder, from_crops=True)
    sample = data[0, 32]
    assert sample.lr[0].dtype == torch.float32
    assert sample.hr[0].shape == (3, 64, 64)


def test_detail_prefers_the_rougher_crop(folder: Path) -> None:
    from hatsr.data.samples import detail

    plain, picky = patches(folder), patches(folder, candidates=6)
    means = [
        np.mean([detail(p[k, 8].lr[0].permute(1, 2, 0).numpy()) for k in range(40)])
        for p in (plain, picky)
    ]
    assert means[1] > means[0]


def test_several_tasks_share_the_picture(folder: Path) -> None:
    pairs = keep_in_memory(open_folders([folder]), (2, 3), 1 << 30)
    sample = Patches(pairs, (Task(2), Task(3, noise=25.0)), seed=0)[4, 8]
    assert [hr.shape[1] for hr in sample.hr] == [16, 24]
    assert sample.lr[1].dtype == torch.float32


def test_dihedral_is_eight_symmetries() -> None:
    picture = np.arange(2 * 3 * 3).reshape(2, 3, 3)
    assert (
        len(
            {
                dihedral(picture, v).tobytes() + bytes(dihedral(picture, v).shape)
                for v in range(VARIANTS)
            }
        )
        == VARIANTS
    )


def test_broken_and_small_are_left_out(folder: Path) -> None:
    (folder / "0.png").write_bytes(b"\x89PNG\r\n\x1a\n broken")
    pairs = keep_in_memory(open_folders([folder]), (2,), 1 << 30, smallest=41)
    assert [pairs.name(i)[-5:] for i in range(len(pairs))] == ["2.png", "3.png"]
    assert {name[-5:] for name in pairs.broken} == {"0.png", "1.png"}


def test_a_few_reasons_and_a_count() -> None:
    reasons = {f"{name}.png": f"reason {name}" for name in "abcde"}
    assert some_of({}) == ""
    assert some_of({"a": "b"}) == "a: b"
    first = "a.png: reason a; b.png: reason b; c.png: reason c"
    assert some_of(reasons) == f"{first}; and 2 more"


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
    assert re.search(wanted, how_to_use(open_folders([folder]), patch, scale))


def test_broken_on_the_way_gives_way_to_the_next(folder: Path) -> None:
    data = patches(folder, budget=0)
    (folder / "0.png").write_bytes(b"")
    assert {data[k, 8].picture for k in range(4)} == {1, 2, 3}


def test_pairs_must_fit(folder: Path, tmp_path: Path) -> None:
    from PIL import Image

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


def test_pairs_are_at_the_same_place(tmp_path: Path) -> None:
    from PIL import Image

    for place in ("hr/a/1.v2.png", "hr/b/1.v2.png", "lr/a/1.v2.png", "lr/b/1.v2x2.png"):
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (4, 4)).save(tmp_path / place)
    source = open_folders([tmp_path / "hr"], tmp_path / "lr", 2)
    assert source.lr_paths[2] == (tmp_path / "lr/a/1.v2.png", tmp_path / "lr/b/1.v2x2.png")
    (tmp_path / "lr/a/1.v2.png").unlink()
    with pytest.raises(ValueError, match=r"first a/1\.v2\.png; give it the same place"):
        open_folders([tmp_path / "hr"], tmp_path / "lr", 2)
    for name in ("1.v2_a.png", "1.v2_b.png"):
        Image.new("RGB", (4, 4)).save(tmp_path / "lr/a" / name)
    with pytest.raises(ValueError, match=r"several for 1 of 2, first a.* \(1\.v2_a\.png, 1\.v2_b"):
        open_folders([tmp_path / "hr"], tmp_path / "lr", 2)


@pytest.mark.parametrize("name", ["{}.png", "{}x2.png", "{}_bicLRx2.png", "{}-x2.jpg"])
def test_pairs_are_found_as_in_evaluation(folder: Path, tmp_path: Path, name: str) -> None:
    lr = tmp_path / "lr"
    lr.mkdir()
    for i in range(4):
        (lr / name.format(i)).touch()
        (lr / f"{i}x3.png").touch()
    found = open_folders([folder], lr, 2).lr_paths[2]
    assert found == tuple(lr / name.format(i) for i in range(4))


def test_stored_lr_that_does_not_fit_is_left_out_unread(folder: Path, tmp_path: Path) -> None:
    from PIL import Image

    lr = tmp_path / "lr"
    lr.mkdir()
    for i in range(4):
        Image.fromarray(load_pair(open_folders([folder]), i, (2,)).lr[2]).save(lr / f"{i}.png")
    Image.new("RGB", (4, 4)).save(lr / "3.png")
    pairs = keep_in_memory(open_folders([folder], lr, 2), (2,), budget=0)
    assert pairs.indices == (0, 1, 2)


@pytest.mark.parametrize("name", ["4.avif", "4.GIF", "4.jfif", "4/4.pgm"])
def test_every_readable_kind_is_listed(folder: Path, name: str) -> None:
    (folder / "4").mkdir()
    (folder / name).touch()
    assert open_folders([folder]).paths[-1] == folder / name


@pytest.mark.parametrize("name", [".4.png", ".thumbs/4.png", "4/.ipynb_checkpoints/4.png"])
def test_nothing_hidden_is_trained_on(folder: Path, name: str) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).touch()
    assert [path.name for path in open_folders([folder]).paths] == [
        "0.png",
        "1.png",
        "2.png",
        "3.png",
    ]


def test_messages(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="must exist"):
        open_folders([tmp_path / "none"])
    with pytest.raises(ValueError, match=r"must hold pictures \(.*\.png.*\), got none"):
        open_folders([tmp_path])
    (tmp_path / "a.heic").touch()
    with pytest.raises(ValueError, match=r"got only \.heic; convert them to PNG"):
        open_folders([tmp_path])
    with pytest.raises(ValueError, match="multiple of processes x accumulate, 2 x 3, got 4"):
        Plan((Stage(0, 8, 4),), 5, processes=2, accumulate=3)
    with pytest.raises(ValueError, match="rising iterations"):
        Plan((Stage(1, 8, 4),), 5)


def test_degraded_samples_are_pure_functions_too(folder: Path) -> None:
    """Neither workers nor resuming change them; HR stays as it is without degradation."""
    clean = patches(folder)
    data = replace(clean, degradation=PRESETS["photo"])
    plan = Plan((Stage(0, 8, 4),), iterations=6)
    alone = list(open_loader(data, plan, 0, 0, workers=0))
    helped = list(open_loader(data, plan, 0, 0, workers=2))
    resumed = list(open_loader(data, plan, 3, 0, workers=0))
    for one, other in zip(alone + alone[3:], helped + resumed, strict=True):
        assert one.numbers == other.numbers
        assert torch.equal(one.lr[0], other.lr[0])
    same = []
    for k in range(24):
        assert torch.equal(data[k, 8].hr[0], clean[k, 8].hr[0])
        assert data[k, 8].lr[0].dtype == torch.uint8
        same.append(torch.equal(data[k, 8].lr[0], clean[k, 8].lr[0]))
    assert 0 < sum(same) < 12
