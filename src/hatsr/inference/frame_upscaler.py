"""Frames enlarged one after the other, without computing any twice in a row."""

import numpy as np

from hatsr import image
from hatsr.image import Picture
from hatsr.inference.runner import Progress, ignore_progress
from hatsr.inference.upscaler import Upscaler


class FrameUpscaler:
    """Enlarges the frames of one sequence.

    A frame with the pixels of the one before gets its pixels, too. Parts of frames are not reused:
    channel attention looks at the whole frame, so a change anywhere changes all of it a little.

    Args:
        upscaler: makes the pixels.
    """

    def __init__(self, upscaler: Upscaler) -> None:
        self.upscaler = upscaler
        self.computed, self.reused = 0, 0
        self._last: tuple[Picture, Picture] | None = None

    def upscale(self, lr: Picture, progress: Progress = ignore_progress) -> Picture:
        """The next frame, enlarged; its metadata is its own.

        Args:
            lr: the frame.
            progress: told the fraction of it that is done.
        """
        if self._last is not None and _same_pixels(self._last[0], lr):
            self.reused += 1
            sr = self._last[1]
            return image.enlarged(lr, sr.rgb, self.upscaler.factor, sr.alpha)
        sr = self.upscaler.upscale_picture(lr, progress)
        self.computed += 1
        self._last = lr, sr
        return sr


def _same_pixels(first: Picture, second: Picture) -> bool:
    if not np.array_equal(first.rgb, second.rgb):
        return False
    if first.alpha is None or second.alpha is None:
        return first.alpha is second.alpha
    return np.array_equal(first.alpha, second.alpha)
