"""One call enlarges one picture, in the form that it was given in."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from picture_files import with_noise
from PIL import Image

import hatsr


def test_in_one_call_as_by_hand() -> None:
    noisy = with_noise(15)
    small = noisy[:24, :24]
    by_hand = hatsr.load("hat-t-real-x4").upscale(small)
    assert np.array_equal(hatsr.upscale(small), by_hand)
    assert np.array_equal(hatsr.upscale(small, denoise=1.0), by_hand)
    assert not np.array_equal(hatsr.upscale(small, "hat-t-x4"), by_hand)


def test_the_result_has_the_form_of_the_picture(tmp_path: Path) -> None:
    pixels = with_noise(15)[:9, :14]
    Image.fromarray(pixels).save(tmp_path / "a.png")
    array = hatsr.upscale(pixels, "hat-t-x2")
    assert (array.shape, array.dtype) == ((18, 28, 3), np.uint8)
    for source in (tmp_path / "a.png", str(tmp_path / "a.png"), Image.fromarray(pixels)):
        found = hatsr.upscale(source, "hat-t-x2")
        assert isinstance(found, Image.Image)
        assert np.array_equal(np.asarray(found), array)


def test_a_scale_beyond_that_of_the_weights_is_refused() -> None:
    with pytest.raises(ValueError, match="scale must be from 1 to 2, what hat-t-x2 makes, got 3"):
        hatsr.upscale(with_noise(15), "hat-t-x2", scale=3)


def test_nothing_is_imported_that_a_picture_on_a_cpu_does_not_need() -> None:
    unneeded = {"tifffile", "torch._dynamo", "hatsr.model.triton.triton_attention"}
    code = (
        "import sys, numpy, hatsr; "
        "hatsr.upscale(numpy.zeros((16, 16, 3), 'uint8'), 'hat-t-x2', device='cpu'); "
        f"sys.exit({unneeded} & set(sys.modules) or None)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stderr.strip()) == (0, "")
