"""Perceptual hashes tell pictures apart."""

import numpy as np
import pytest

from hatsr.data.pictures import downsample
from hatsr.data.preparing.hashing import NEAR, distance, picture_hash


@pytest.mark.parametrize("level", [0, 77, 255])
def test_a_flat_picture_is_like_its_lr(level: int) -> None:
    flat = np.full((403, 401, 3), level, np.uint8)
    assert distance(picture_hash(flat), picture_hash(downsample(flat, 4))) <= NEAR
