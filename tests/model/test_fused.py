"""In mixed precision a network is itself to the rounding of bfloat16, and trains alike."""

import pytest
import torch
from tiny import tiny
from torch import Tensor
from torch.nn.functional import mse_loss

from hatsr.model import HAT
from hatsr.native import disabled


def learned(network: HAT, lr: Tensor, hr: Tensor, *, mixed: bool) -> tuple[Tensor, Tensor]:
    """SR, and all gradients one after the other."""
    network.zero_grad()
    torch.manual_seed(0)  # for drop-path
    with torch.autocast("cpu", torch.bfloat16, enabled=mixed):
        sr = network(lr)
    mse_loss(sr, hr).backward()
    return sr.detach(), torch.cat([p.grad.flatten() for p in network.parameters()])  # pyright: ignore


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"embed_dim": 20, "num_heads": 4, "window_size": 6, "overlap_ratio": 1 / 3},
        {"cab": False, "group_conv": "3conv"},
        {"channel_attention": False, "group_conv": "identity"},
        {"depthwise_cab": True, "drop_path": 0.5, "ocab": False},
        {"patch_norm": False, "qkv_bias": False},
    ],
    ids=str,
)
def test_mixed_precision_is_as_near_as_torch_s_own(changes: dict) -> None:
    network = tiny(**changes).train()
    lr, hr = torch.rand(2, 3, 13, 18), torch.rand(2, 3, 26, 36)
    sr, gradient = learned(network, lr, hr, mixed=False)
    with disabled():
        other_sr, other = learned(network, lr, hr, mixed=True)
    mixed_sr, mixed = learned(network, lr, hr, mixed=True)
    assert mixed_sr.dtype == torch.float32
    assert (mixed_sr - sr).norm() < 2 * (other_sr - sr).norm() + 1e-6
    assert (mixed - gradient).norm() < 2 * (other - gradient).norm() + 1e-6


def test_mixed_precision_is_the_same_each_time() -> None:
    network, lr, hr = tiny().train(), torch.rand(2, 3, 16, 12), torch.rand(2, 3, 32, 24)
    first, again = (learned(network, lr, hr, mixed=True) for _ in range(2))
    assert torch.equal(first[0], again[0])
    assert torch.equal(first[1], again[1])


def test_activation_checkpointing_changes_nothing() -> None:
    network, lr, hr = tiny().train(), torch.rand(1, 3, 8, 8), torch.rand(1, 3, 16, 16)
    kept = learned(network, lr, hr, mixed=True)
    network.use_activation_checkpointing()
    again = learned(network, lr, hr, mixed=True)
    assert torch.equal(kept[1], again[1])
