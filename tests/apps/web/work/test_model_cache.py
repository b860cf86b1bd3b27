import shutil
from pathlib import Path

import numpy as np
import pytest
from tiny import tiny

from hatsr import checkpoint
from hatsr.apps.web.limits import Limits
from hatsr.apps.web.work.model_cache import ModelCache

MEMORY = 4 * 10**9


def test_only_checkpoints_of_the_folder_are_networks(models: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(models, tmp_path / "models"))
    (folder / "run").mkdir()
    checkpoint.save(tiny(), folder / "run" / "best.safetensors")
    checkpoint.save(tiny(), folder / ".hidden.safetensors")
    (folder / "empty").mkdir()
    (folder / "hat-t-x4").mkdir()
    checkpoint.save(tiny(), folder / "hat-t-x4" / "best.safetensors")
    (folder / "notes.txt").write_text("no network")
    cache = ModelCache(Limits(memory=MEMORY), folder)
    found = [(each.name, each.scale) for each in cache.models() if not each.shipped]
    assert found == [("net.safetensors", 2), ("run", 2)]
    assert [remark.split(" is left out: ")[0] for remark in cache.remarks] == [
        "hat-t-x4", "broken.pth",
    ]  # fmt: skip
    assert cache.remarks[0].endswith("it has the name of a shipped network; rename it")
    assert cache.scale("hat-t-x4") == 4
    assert cache.upscaler("run").upscale(np.zeros((2, 3, 3), np.float32)).shape == (4, 6, 3)  # pyright: ignore
    shipped = [each.name for each in cache.models() if each.shipped]
    assert set(shipped) == set(checkpoint.shipped())
    assert [each.name for each in cache.models()][: len(shipped)] == shipped


@pytest.mark.parametrize(
    "name", ["", "broken.pth", "net", "../models/net.safetensors", "hf://a/b/c", "/etc/passwd"]
)
def test_nothing_but_a_name_leads_to_a_file(cache: ModelCache, name: str) -> None:
    for ask in (cache.path, cache.scale):
        with pytest.raises(ValueError, match=r"model must be one of .*net\.safetensors; got"):
            ask(name)


def test_a_name_has_a_file_and_a_scale(cache: ModelCache, models: Path) -> None:
    assert cache.path("net.safetensors") == str(models / "net.safetensors")
    assert (cache.scale("net.safetensors"), cache.scale("hat-t-x3")) == (2, 3)
    assert [cache.default(scale) for scale in (None, 2, 3, 4)] == [
        "hat-t-x4", "hat-t-x2", "hat-t-x3", "hat-t-x4",
    ]  # fmt: skip


def test_the_last_network_stays_open(cache: ModelCache) -> None:
    first = cache.upscaler("net.safetensors")
    assert cache.upscaler("net.safetensors") is first
    half = cache.upscaler("net.safetensors", 1.5)
    assert half is not first
    assert cache.upscaler("net.safetensors") is not first
    lr = np.random.default_rng(0).random((6, 8, 3), np.float32)
    assert half.upscale(lr).shape == (9, 12, 3)  # pyright: ignore


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"scale": 3}, "scale must be from 1 to 2, what net makes, got 3"),
        ({"denoise": 0.5}, "denoise must go with shipped weights"),
    ],
)
def test_what_a_network_cannot_do(
    cache: ModelCache, options: dict[str, float], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        cache.upscaler("net.safetensors", **options)  # pyright: ignore
