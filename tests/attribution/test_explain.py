from math import isnan
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tiny import TINY_X4

from hatsr import checkpoint
from hatsr.attribution import LamSettings, explain, features, lam
from hatsr.attribution.explain import patch_quality
from hatsr.attribution.inputs import load_picture, random_network
from hatsr.evaluation import psnr, ssim


@pytest.fixture
def models(tmp_path) -> list[str]:
    found = [str(tmp_path / f"net{seed}.safetensors") for seed in (0, 1)]
    for seed, path in enumerate(found):
        checkpoint.save(random_network(TINY_X4, seed), path, layout="official")
    return found


@pytest.fixture
def picture(tmp_path) -> str:
    codes = np.random.default_rng(0).integers(0, 256, (50, 42, 3), dtype=np.uint8)
    Image.fromarray(codes).save(tmp_path / "p.png")
    return str(tmp_path / "p.png")


def test_each_network_in_one_call(models, picture):
    told: list[tuple[int, int, str]] = []
    settings = LamSettings(steps=2, memory=0.0)
    found = explain(models, picture, (20, 20), settings, progress=lambda *words: told.append(words))
    assert told == [(1, 4, "net0"), (2, 4, "net0"), (3, 4, "net1"), (4, 4, "net1")]
    assert [result.model for result in found.results] == ["net0", "net1"]
    lr, hr = load_picture(picture, 4).lr, load_picture(picture, 4).hr
    assert hr is not None
    alone = lam(random_network(TINY_X4, 1), lr, (20, 20), settings)
    np.testing.assert_array_equal(found.results[1].map, alone.map)
    assert found.results[1].quality == patch_quality(alone.sr, hr, (20, 20), 16)
    assert [row["psnr"] for row in found.numbers()] == [
        r.quality and r.quality[0] for r in found.results
    ]
    assert "dB" in found.lines()[0]
    assert "PSNR " in found.lines()[0]
    assert ", SSIM " in found.lines()[0]


def test_quality_is_that_of_the_patch_alone(picture):
    hr = load_picture(picture, 1).hr
    assert hr is not None
    sr = hr.copy()
    sr[20:40, 10:30] = 1 - sr[20:40, 10:30]
    codes = (np.rint(each[20:40, 10:30] * 255).astype(np.uint8) for each in (sr, hr))
    ours, true = codes
    assert patch_quality(sr, hr, (20, 10), 20) == (psnr(ours, true), ssim(ours, true))
    assert isnan(patch_quality(sr, hr, (20, 10), 10)[1])


def test_features_in_one_call(models, picture):
    found = features(models, picture, [2])
    assert [[(layer.name, layer.layer) for layer in row] for row in found.rows] == [
        [("net0", 2)],
        [("net1", 2)],
    ]
    assert found.lines()[1].startswith("net1, layer 2: blocking index")
    with pytest.raises(ValueError, match=r"a figure must end in .png, .svg, .pdf, got a.jpg"):
        found.draw(Path("a.jpg"))
