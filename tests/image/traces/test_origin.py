from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hatsr.image import FORMATS, from_array, read_software, write

RGB = np.random.default_rng(0).integers(0, 65536, (5, 7, 3), dtype=np.uint16)


@pytest.mark.parametrize("ending", list(FORMATS))
@pytest.mark.parametrize("text", ["hatsr 0.1.0 (net, x4)", "Other", None])
def test_what_write_was_given_is_read(tmp_path: Path, ending: str, text: str | None) -> None:
    for bits, codes in ((8, (RGB >> 8).astype(np.uint8)), (16, RGB)):
        path = tmp_path / f"{bits}{ending}"
        write(from_array(codes), path, software=text)
        assert read_software(path) == text


@pytest.mark.parametrize("ending", [".png", ".jpg", ".tif"])
def test_the_beginning_is_read_whatever_the_letters(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"a{ending}"
    write(from_array(RGB), path, software="hatsr 0.1.0 (модель, x4)")
    assert (read_software(path) or "").startswith("hatsr 0.1.0 (")


@pytest.mark.parametrize("ending", list(FORMATS))
def test_damaged_files_have_none(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"a{ending}"
    write(from_array(RGB), path, software="hatsr")
    whole = path.read_bytes()
    for length in (0, 3, 13, 30):
        path.write_bytes(whole[:length])
        assert read_software(path) is None
    assert read_software(tmp_path / "none.png") is None
    assert read_software(tmp_path) is None


def test_formats_without_the_field(tmp_path: Path) -> None:
    for name in ("a.gif", "a.bmp", "a.ppm"):
        Image.new("RGB", (3, 4)).save(tmp_path / name)
        assert read_software(tmp_path / name) is None
