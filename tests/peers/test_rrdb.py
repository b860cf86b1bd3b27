"""RRDBNet against the steps of the authors' program, one after the other."""

import pytest
import torch
from tiny_peers import official, tiny_peer
from torch import Tensor
from torch.nn.functional import conv2d, interpolate, leaky_relu, pixel_unshuffle


def forward(w: dict[str, Tensor], x: Tensor, gathered: int, factors: tuple[int, ...]) -> Tensor:
    def conv(name: str, x: Tensor) -> Tensor:
        return conv2d(x, w[name + ".weight"], w[name + ".bias"], padding=1)

    first = conv("conv_first", pixel_unshuffle(x, gathered))
    x = first
    for i in range(2):
        block = x
        for k in (1, 2, 3):
            dense, seen = x, [x]
            for j in (1, 2, 3, 4):
                name = f"body.{i}.rdb{k}.conv{j}"
                seen.append(leaky_relu(conv(name, torch.cat(seen, 1)), 0.2))
            x = conv(f"body.{i}.rdb{k}.conv5", torch.cat(seen, 1)) * 0.2 + dense
        x = x * 0.2 + block
    x = conv("conv_body", x) + first
    for i, factor in enumerate(factors, 1):
        larger = interpolate(x, scale_factor=factor, mode="nearest")
        x = leaky_relu(conv(f"conv_up{i}", larger), 0.2)
    return conv("conv_last", leaky_relu(conv("conv_hr", x), 0.2))


@pytest.mark.parametrize(
    ("changes", "gathered", "factors"),
    [
        ({"scale": 4}, 1, (2, 2)),
        ({"scale": 2}, 2, (2, 2)),
        ({"scale": 1}, 4, (2, 2)),
        ({"scale": 2, "unshuffle": False}, 1, (2,)),
        ({"scale": 1, "unshuffle": False}, 1, ()),
        ({"scale": 3}, 1, (3,)),
        ({"scale": 8}, 1, (2, 2, 2)),
    ],
    ids=str,
)
def test_as_the_authors_program(changes: dict, gathered: int, factors: tuple[int, ...]) -> None:
    network = tiny_peer("rrdb", **changes)
    assert network.multiple == gathered
    lr = torch.rand(2, 3, 12, 8)
    with torch.no_grad():
        expected = forward(official(network), lr, gathered, factors)
        assert (network(lr) - expected).abs().max() < 1e-4
