"""Patches of a picture on which channel attention is measured, when the whole does not fit."""

from jaxtyping import Float
from torch import Tensor

from hatsr.inference.runner import Box, Patch

SAMPLE_SIDE, SAMPLE_MARGIN = 64, 8
"""Patches on which channel attention is measured, LR pixels; their margin does not count."""
_SAMPLE_SHARE = 8
"""One part in so many of a tiled picture is measured first, or more in a small picture."""
_SAMPLE_LEAST = 12
"""Patches that are measured at least, as far as they fit into memory."""


def sample_area(height: int, width: int, most: int) -> int:
    """Pixels to measure on, for a picture of so many LR pixels; `most` fit into memory."""
    return min(most, max(height * width // _SAMPLE_SHARE, _SAMPLE_LEAST * SAMPLE_SIDE**2))


def sample(padded: Float[Tensor, "1 rgb h w"], area: int, window: int) -> list[Patch]:
    """Patches of about `area` pixels in all, spread evenly, and the part of each that counts."""
    height, width = padded.shape[-2:]
    side = -(-SAMPLE_SIDE // window) * window
    sides = min(side, height), min(side, width)
    count = max(1, area // (sides[0] * sides[1]))
    rows = max(1, min(count, height // sides[0], round((count * height / width) ** 0.5)))
    cols = max(1, min(width // sides[1], count // rows))

    def starts(length: int, part: int, n: int) -> list[int]:
        steps = [
            (i + 0.5) / n * (length - part) if n == 1 else i / (n - 1) * (length - part)
            for i in range(n)
        ]
        return [int(step) // window * window for step in steps]

    def core(start: int, part: int, length: int) -> slice:
        margin = min(SAMPLE_MARGIN, part // 4)
        return slice(0 if start == 0 else margin, part - (margin if start + part < length else 0))

    return [
        (
            padded[:, :, y : y + sides[0], x : x + sides[1]],
            Box(core(y, sides[0], height), core(x, sides[1], width)),
        )
        for y in starts(height, sides[0], rows)
        for x in starts(width, sides[1], cols)
    ]
