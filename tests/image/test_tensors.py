"""Pictures and tensors."""

import subprocess
import sys

import numpy as np
import pytest
import torch

from hatsr import image

RNG = np.random.default_rng(0)


def test_tensors() -> None:
    picture = image.from_array(RNG.integers(0, 256, (5, 7, 3)).astype(np.uint8))
    tensor = image.to_tensor(picture)
    assert tensor.shape == (1, 3, 5, 7)
    assert tensor.dtype == torch.float32
    np.testing.assert_array_equal(image.from_tensor(tensor), picture.rgb)
    np.testing.assert_array_equal(
        image.from_tensor(tensor.to(torch.bfloat16)), tensor.bfloat16().float()[0].movedim(0, 2)
    )
    assert image.alpha_to_tensor(picture) is None


def test_alpha_is_enlarged_as_a_gray_picture() -> None:
    array = np.zeros((4, 6, 4), np.uint8)
    array[:, 3:] = 255
    picture = image.from_array(array)
    assert not picture.opaque
    alpha = image.alpha_to_tensor(picture)
    assert alpha is not None
    assert alpha.shape == (1, 3, 4, 6)
    assert image.to_tensor(picture).min() == 1  # the white has bled into the black
    sr = np.ones((8, 12, 3), np.float32)
    big = image.enlarged(picture, sr, 2, np.repeat(np.repeat(image.from_tensor(alpha), 2, 0), 2, 1))
    assert big.alpha is not None
    np.testing.assert_array_equal(big.alpha[0], [0] * 6 + [1] * 6)


def test_an_even_alpha_needs_no_enlargement() -> None:
    picture = image.from_array(np.full((4, 6, 2), 51, np.uint8))
    assert image.alpha_to_tensor(picture) is None
    big = image.enlarged(picture, np.zeros((12, 18, 3), np.float32), 3)
    np.testing.assert_array_equal(image.to_array(big)[..., 1], np.full((12, 18), 51))


def test_reading_needs_no_torch() -> None:
    code = "import sys, hatsr.image; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = image.nothing  # pyright: ignore[reportAttributeAccessIssue]
