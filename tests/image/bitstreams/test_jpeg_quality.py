import io

import numpy as np
import pytest
from PIL import Image

from hatsr import image
from hatsr.image.bitstreams.jpeg_quality import jpeg_tables, quality_of_table


@pytest.mark.parametrize("quality", [1, 10, 49, 50, 62, 75, 95, 100])
@pytest.mark.parametrize("gray", [False, True])
def test_quality_of_a_file(quality: int, gray: bool) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (16, 16, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels[..., 0] if gray else pixels).save(file, "JPEG", quality=quality)
    assert image.read(file.getvalue()).compression == image.Compression("JPEG", quality)


def test_tables_are_those_that_libjpeg_writes() -> None:
    for quality in (5, 50, 80):
        file = io.BytesIO()
        Image.new("RGB", (8, 8)).save(file, "JPEG", quality=quality)
        with Image.open(file) as written:
            tables = [written.quantization[place] for place in (0, 1)]  # pyright: ignore
        assert [table.flatten().tolist() for table in jpeg_tables(quality)] == tables


def test_a_table_of_another_encoder_gets_the_nearest_quality() -> None:
    flat = np.full((8, 8), 12)
    assert 70 <= quality_of_table(flat) <= 92
    assert quality_of_table(jpeg_tables(40)[0] + 1) in range(37, 42)


@pytest.mark.parametrize("quality", [0, 101])
def test_no_such_quality(quality: int) -> None:
    with pytest.raises(ValueError, match=rf"quality must lie in 1 .. 100, got {quality}"):
        jpeg_tables(quality)
