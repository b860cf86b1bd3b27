import io

import numpy as np
import pytest
from PIL import Image

from hatsr import image
from hatsr.image.bitstreams.webp_quality import vp8_quality


def written(**options: object) -> bytes:
    rng = np.random.default_rng(0)
    smooth = np.kron(rng.integers(40, 215, (8, 8, 3)), np.ones((8, 8, 1))) + rng.normal(
        0, 6, (64, 64, 3)
    )
    file = io.BytesIO()
    Image.fromarray(np.uint8(smooth.clip(0, 255))).save(file, "WEBP", **options)  # pyright: ignore
    return file.getvalue()


@pytest.mark.parametrize("method", [0, 4, 6])
@pytest.mark.parametrize("quality", [30, 50, 70, 80, 90, 98])
def test_quality_of_a_file(quality: int, method: int) -> None:
    found = image.read(written(quality=quality, method=method)).compression
    assert found is not None
    assert found.codec == "WebP"
    assert abs(found.quality - quality) <= (15 if quality < 75 else 6)  # the encoder adapts it


def test_a_file_without_loss_has_none() -> None:
    picture = image.read(written(lossless=True))
    assert picture.lossless
    assert picture.compression is None


@pytest.mark.parametrize("frame", [b"", b"\x01" + bytes(30), bytes(30)])
def test_no_key_frame(frame: bytes) -> None:
    assert vp8_quality(frame) is None


def test_a_frame_that_ends_early_is_read_as_zeros() -> None:
    assert vp8_quality(b"\0\0\0\x9d\x01\x2a\0\0\0\0\0") is not None
