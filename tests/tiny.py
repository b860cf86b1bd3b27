"""The small networks of the tests."""

from dataclasses import replace

import torch

from hatsr.model import HAT, HATConfig

TINY = HATConfig(
    embed_dim=12,
    depths=(2, 1),
    num_heads=2,
    window_size=4,
    squeeze_factor=4,
    num_feat=8,
    scale=2,
)
TINY_X4 = HATConfig(
    embed_dim=12, depths=(1, 1), num_heads=2, window_size=4, compress_ratio=3, squeeze_factor=4
)
TINY_NETWORK = {
    "preset": "hat-t",
    "scale": TINY.scale,
    "embed_dim": TINY.embed_dim,
    "depths": [1, 1],
    "num_heads": TINY.num_heads,
    "window_size": TINY.window_size,
    "squeeze_factor": TINY.squeeze_factor,
}
"""The network of a recipe."""


def tiny(**changes: object) -> HAT:
    """A tiny network whose every part matters: weights far larger than at the start of training."""
    torch.manual_seed(0)
    model = HAT(replace(TINY, **changes)).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.ndim > 1 and "conv" not in name:
                parameter.normal_(0, 0.3)
            elif parameter.ndim == 1:
                parameter.add_(torch.randn_like(parameter) * 0.3)
    return model
