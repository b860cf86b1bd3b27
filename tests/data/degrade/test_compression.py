"""The real codec: what Pillow makes, at the qualities and samplings asked for."""

import io
from typing import get_args

import numpy as np
import pytest
import torch
from PIL import Image

from hatsr.data.degrade.compression import compress, random_jpeg, real_jpeg, to_codes, to_tensor
from hatsr.data.degrade.keys import Key
from hatsr.data.degrade.parameters import ChromaSubsampling, Jpeg

RGB = np.random.default_rng(0).integers(0, 256, (19, 26, 3), dtype=np.uint8)


@pytest.mark.parametrize("sampling", get_args(ChromaSubsampling))
@pytest.mark.parametrize("quality", [1, 30, 75, 100])
def test_is_pillows(quality: int, sampling: ChromaSubsampling) -> None:
    file = io.BytesIO()
    Image.fromarray(RGB).save(file, "JPEG", quality=quality, subsampling=sampling)
    assert np.array_equal(compress(RGB, quality, sampling), np.asarray(Image.open(file)))


def test_codes_and_tensors() -> None:
    assert np.array_equal(to_codes(to_tensor(RGB)), RGB)
    assert to_codes(torch.tensor([-0.1, 1.2, 0.5])[:, None, None]).tolist() == [[[0, 255, 128]]]


def test_random_quality_and_sampling() -> None:
    jpeg = Jpeg(probability=0.7, quality=(20, 22), samplings=(("4:4:4", 0.5), ("4:2:0", 0.5)))
    picture = to_tensor(RGB)
    ways = {
        real_jpeg(picture, quality, sampling).numpy().tobytes(): (quality, sampling)
        for quality in (20, 21, 22)
        for sampling in ("4:4:4", "4:2:0")
    }
    outs = [random_jpeg(picture, jpeg, key).numpy().tobytes() for key in Key(0, 3).fork(300)]
    none = outs.count(picture.numpy().tobytes())
    assert none / 300 == pytest.approx(0.3, abs=0.08)
    found = [ways[out] for out in outs if out in ways]
    assert len(found) == 300 - none
    assert set(found) == set(ways.values())
    assert min(map(found.count, ways.values())) > 15
