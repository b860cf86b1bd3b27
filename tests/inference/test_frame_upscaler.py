from dataclasses import replace

import numpy as np
from doubling import Counting

from hatsr.image import from_array
from hatsr.inference.frame_upscaler import FrameUpscaler

CODES = np.random.default_rng(0).integers(0, 256, (4, 5, 4), np.uint8)


def test_only_what_differs_from_the_one_before_is_computed() -> None:
    upscaler = Counting()
    frame_upscaler = FrameUpscaler(upscaler)
    other = from_array(255 - CODES)
    frames = [from_array(CODES), from_array(CODES), other, from_array(CODES)]
    srs = [frame_upscaler.upscale(frame) for frame in frames]
    assert (upscaler.count, frame_upscaler.computed, frame_upscaler.reused) == (3, 3, 1)
    assert np.array_equal(srs[1].rgb, srs[0].rgb)
    assert not np.array_equal(srs[2].rgb, srs[0].rgb)


def test_a_frame_that_is_reused_keeps_its_own_metadata() -> None:
    frame_upscaler = FrameUpscaler(Counting())
    first = replace(from_array(CODES), dpi=(100.0, 100.0))
    frame_upscaler.upscale(first)
    second = frame_upscaler.upscale(replace(first, dpi=(150.0, 150.0)))
    assert (frame_upscaler.reused, second.dpi) == (1, (300.0, 300.0))
    assert second.alpha is not None


def test_opacity_counts_too() -> None:
    frame_upscaler = FrameUpscaler(Counting())
    clear = CODES.copy()
    clear[0, 0, 3] ^= 255
    for codes in (CODES, clear, CODES[..., :3]):
        frame_upscaler.upscale(from_array(codes))
    assert (frame_upscaler.computed, frame_upscaler.reused) == (3, 0)
