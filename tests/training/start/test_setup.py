"""What a run needs is opened, and what cannot work is refused with what to do."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from hatsr.data.pictures import decode, downsample
from hatsr.data.sources import open_folders
from hatsr.image import modcrop
from hatsr.training.recipe import Recipe
from hatsr.training.start.setup import open_accelerator, set_up


def test_held_out_pictures_are_usable_and_no_larger_than_needed(
    tiny: Callable[..., Recipe], tmp_path: Path
) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for name, (height, width) in {"large": (601, 40), "wide": (41, 700), "small": (8, 8)}.items():
        noise = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
        Image.fromarray(noise).save(folder / f"{name}.png")
    (folder / "broken.png").write_bytes(b"?")
    given = {"data": {"train": [str(folder)]}, "valid": {"data": None, "share": 0.2}}
    for seed in range(6):
        setup = set_up(tiny(seed=seed, **given), tmp_path / "run", device="cpu")
        (held,) = setup.validation
        path = folder / f"{held.name}.png"
        assert setup.patches.pairs.source == open_folders([folder]).without(
            [sorted(folder.iterdir()).index(path)]
        )
        hr, at = modcrop(decode(path), 2), {"large": (22, 0), "wide": (0, 47)}[held.name]
        for picture, whole, unit in ((held.lr, downsample(hr, 2), 1), (held.hr, hr, 2)):
            rows, cols = (slice(unit * start, unit * (start + 256)) for start in at)
            np.testing.assert_array_equal(picture, whole[rows, cols])
    for name in ("large", "wide"):
        (folder / f"{name}.png").unlink()
    with pytest.raises(ValueError, match="got 2 of which 0 would be held out") as caught:
        set_up(tiny(**given), tmp_path / "run", device="cpu")
    assert "small.png: an HR picture must have sides of at least 16 " in str(caught.value)
    assert "broken.png: " in str(caught.value)
    assert "; give data.patch=4 or less" in str(caught.value)
    for name in ("small", "broken"):
        (folder / name).with_suffix(".png").unlink()
    Image.new("RGB", (40, 40)).save(folder / "only.png")
    with pytest.raises(
        ValueError, match="got 1 of which 1 would be held out; add pictures or name"
    ):
        set_up(tiny(**given), tmp_path / "run", device="cpu")


@pytest.mark.parametrize("valid", [{"data": None, "share": 0.2}, {}])
def test_the_reasons_of_pictures_left_out_are_told(
    tiny: Callable[..., Recipe], pictures: Path, tmp_path: Path, valid: dict[str, Any]
) -> None:
    data: dict[str, Any] = {"train": [str(pictures)], "patch": 25}
    with pytest.raises(ValueError, match="got 6 of which ") as caught:
        set_up(tiny(data=data, valid=valid), tmp_path / "run", device="cpu")
    told = str(caught.value)
    assert told.count("must have sides of at least 50 (patch times scale), got 48 x 52; ") == 3
    assert "and 3 more); give data.patch=24 or less (data.stages alike), or add larger" in told
    lr = tmp_path / "lr"
    lr.mkdir()
    for path in pictures.iterdir():
        Image.new("RGB", (13, 12)).save(lr / path.name)
    data |= {"train_lr": str(lr), "patch": 6}
    with pytest.raises(ValueError, match="got 6 of which ") as caught:
        set_up(tiny(data=data, valid=valid), tmp_path / "run", device="cpu")
    assert str(caught.value).count("its LR must be (24, 26) at x2, got (12, 13)") == 3
    assert "; add pictures, and give LR of the network's scale" in str(caught.value)


def test_pictures_that_hold_the_run_are_refused(
    tiny: Callable[..., Recipe], pictures: Path
) -> None:
    with pytest.raises(ValueError, match=r"must not hold the run itself, .* give --runs a place"):
        set_up(tiny(), pictures / "runs" / "tiny", device="cpu")


def test_clean_validation_of_a_noisy_task_is_told(
    tiny: Callable[..., Recipe], tmp_path: Path
) -> None:
    said: list[str] = []
    set_up(tiny(tasks=[{"scale": 2, "noise": 15.0}]), tmp_path, said.append, device="cpu")
    assert any("without the first task's noise" in text for text in said)


def test_refuses_what_cannot_work(tiny: Callable[..., Recipe], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="none can be used"):
        set_up(tiny(data={"patch": 100}), tmp_path, device="cpu")
    with pytest.raises(ValueError, match=r"data\.train must be a folder that exists"):
        set_up(tiny(data={"train": [str(tmp_path / "none")]}), tmp_path, device="cpu")
    with pytest.raises(ValueError, match="multiple of processes"):
        set_up(tiny(accumulate=3), tmp_path, device="cpu")
    Image.new("RGB", (8, 8)).save(tmp_path / "fine.png")
    (tmp_path / "broken.png").write_bytes(b"?")
    with pytest.raises(ValueError, match=r"readable, got .*broken\.png"):
        set_up(tiny(valid={"data": str(tmp_path)}), tmp_path, device="cpu")


@pytest.mark.parametrize(
    ("device", "message"),
    [
        ("nonsense", "device must be one that PyTorch can use here, got nonsense"),
        ("cuda:99", "device must be one that PyTorch can use here, got cuda:99"),
        ("meta", r"device must be cpu or \w+ to train here, got meta; choose auto"),
    ],
)
def test_a_device_that_cannot_train_is_refused(device: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        open_accelerator(device)


def test_the_processor_is_taken_where_it_is_asked_for() -> None:
    assert open_accelerator("cpu").device == torch.device("cpu")
