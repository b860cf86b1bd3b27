"""Parts of the engine's blocks."""

import torch
from tiny import tiny

from hatsr.inference.engine import Engine
from hatsr.inference.engine.fast_blocks import Squeezed
from hatsr.inference.runner import Box


def test_pooling_in_half_precision_does_not_overflow() -> None:
    engine = Engine(tiny(), dtype=torch.float16)
    cab = engine.groups[0].blocks[0].cab
    assert cab is not None
    means = []
    for side in (512, 64):
        box = Box(slice(0, side), slice(0, side))
        squeezed = torch.full((side + 2, side, cab.width), 0.25, dtype=torch.float16)
        rows = squeezed.sum(1, dtype=torch.float32)
        means.append(cab.pooled(Squeezed(squeezed, torch.stack([rows, rows, rows])), box))
    whole, part = means
    assert torch.isfinite(whole).all()
    torch.testing.assert_close(whole, part, rtol=0.1, atol=0.1)
