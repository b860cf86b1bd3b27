"""Sample k of seed s is a pure function of (s, k)."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from hatsr.data.degrade import PRESETS
from hatsr.data.loader import SamplePlan, Stage, open_loader
from hatsr.data.pairs import keep_in_memory
from hatsr.data.pictures import downsample
from hatsr.data.samples import VARIANTS, PatchDataset, Task, dihedral
from hatsr.data.sources import open_folders


def test_seeds_differ(patches: Callable[..., PatchDataset], folder: Path) -> None:
    one, other = patches(folder, seed=1), patches(folder, seed=2)
    assert any(not torch.equal(one[k, 8].lr[0], other[k, 8].lr[0]) for k in range(3))


def test_lr_is_that_of_the_whole_picture(
    patches: Callable[..., PatchDataset], folder: Path
) -> None:
    data = patches(folder, augment=False)
    for k in range(8):
        sample = data[k, 8]
        whole = downsample(data.pairs.get(sample.picture).hr, 2)
        lr = sample.lr[0].permute(1, 2, 0).numpy()
        windows = np.lib.stride_tricks.sliding_window_view(whole, (8, 8, 3))[:, :, 0]
        assert (windows == lr).all((2, 3, 4)).any()
        assert sample.hr[0].shape == (3, 16, 16)


def test_crops_make_float_lr_and_enlarge_small_pictures(
    patches: Callable[..., PatchDataset], folder: Path
) -> None:
    data = patches(folder, from_crops=True)
    sample = data[0, 32]
    assert sample.lr[0].dtype == torch.float32
    assert sample.hr[0].shape == (3, 64, 64)


def test_detail_prefers_the_rougher_crop(
    patches: Callable[..., PatchDataset], folder: Path
) -> None:
    from hatsr.data.samples import detail

    plain, picky = patches(folder), patches(folder, candidates=6)
    means = [
        np.mean([detail(p[k, 8].lr[0].permute(1, 2, 0).numpy()) for k in range(40)])
        for p in (plain, picky)
    ]
    assert means[1] > means[0]


def test_several_tasks_share_the_picture(folder: Path) -> None:
    pairs = keep_in_memory(open_folders([folder]), (2, 3), 1 << 30)
    sample = PatchDataset(pairs, (Task(2), Task(3, noise=25.0)), seed=0)[4, 8]
    assert [hr.shape[1] for hr in sample.hr] == [16, 24]
    assert sample.lr[1].dtype == torch.float32


def test_broken_on_the_way_gives_way_to_the_next(
    patches: Callable[..., PatchDataset], folder: Path
) -> None:
    data = patches(folder, budget=0)
    (folder / "0.png").write_bytes(b"")
    assert {data[k, 8].picture for k in range(4)} == {1, 2, 3}


def test_degraded_samples_are_pure_functions_too(
    patches: Callable[..., PatchDataset], folder: Path
) -> None:
    """Neither workers nor resuming change them; HR stays as it is without degradation."""
    clean = patches(folder)
    data = replace(clean, degradation=PRESETS["photo"])
    plan = SamplePlan((Stage(0, 8, 4),), iterations=6)
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


def test_dihedral_is_eight_symmetries() -> None:
    picture = np.arange(2 * 3 * 3).reshape(2, 3, 3)
    variants = [dihedral(picture, variant) for variant in range(VARIANTS)]
    assert len({(each.shape, each.tobytes()) for each in variants}) == VARIANTS
