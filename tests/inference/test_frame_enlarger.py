from dataclasses import replace

import numpy as np
from doubling import Counting

from hatsr.image import from_array
from hatsr.inference.frame_enlarger import FrameEnlarger

CODES = np.random.default_rng(0).integers(0, 256, (4, 5, 4), np.uint8)


def test_only_what_differs_from_the_one_before_is_computed() -> None:
    upscaler = Counting()
    enlarger = FrameEnlarger(upscaler)
    other = from_array(255 - CODES)
    frames = [from_array(CODES), from_array(CODES), other, from_array(CODES)]
    srs = [enlarger.enlarge(frame) for frame in frames]
    assert (upscaler.count, enlarger.computed, enlarger.reused) == (3, 3, 1)
    assert np.array_equal(srs[1].rgb, srs[0].rgb)
    assert not np.array_equal(srs[2].rgb, srs[0].rgb)


def test_a_frame_that_is_reused_keeps_its_own_metadata() -> None:
    enlarger = FrameEnlarger(Counting())
    first = replace(from_array(CODES), dpi=(100.0, 100.0))
    enlarger.enlarge(first)
    second = enlarger.enlarge(replace(first, dpi=(150.0, 150.0)))
    assert (enlarger.reused, second.dpi) == (1, (300.0, 300.0))
    assert second.alpha is not None


def test_opacity_counts_too() -> None:
    enlarger = FrameEnlarger(Counting())
    clear = CODES.copy()
    clear[0, 0, 3] ^= 255
    for codes in (CODES, clear, CODES[..., :3]):
        enlarger.enlarge(from_array(codes))
    assert (enlarger.computed, enlarger.reused) == (3, 0)
