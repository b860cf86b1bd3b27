"""RRDBNet against the steps of the authors' program, one after the other, and its three layouts."""

import re

import pytest
import torch
from tiny_peers import official, tiny_peer
from torch import Tensor
from torch.nn.functional import conv2d, interpolate, leaky_relu, pixel_unshuffle

from hatsr.checkpoint.peer_layouts.rrdb_layout import current_names, deduce_config, is_official


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


def _second(name: str) -> str:
    """The name of a tensor in xinntao/ESRGAN."""
    rows = {"body": "RRDB_trunk", "conv_body": "trunk_conv", "conv_hr": "HRconv"}
    first, *rest = re.sub(r"conv_up(\d)", r"upconv\1", name).replace("rdb", "RDB").split(".")
    return ".".join((rows.get(first, first), *rest))


def _first(name: str, steps: int) -> str:
    """The name of a tensor in the first program: a sequence of numbered layers.

    Each enlargement is an interpolation, a convolution and an activation.
    """
    if match := re.match(r"body\.(\d)\.rdb(\d)\.conv(\d)\.(\w+)", name):
        return "1.sub.{}.RDB{}.conv{}.0.{}".format(*match.groups())
    layer, kind = name.split(".")
    after = 2 + 3 * steps
    numbers = {"conv_first": "0", "conv_body": "1.sub.2", "conv_hr": after, "conv_last": after + 2}
    numbers |= {f"conv_up{i}": 3 * i for i in range(1, steps + 1)}
    return f"{numbers[layer]}.{kind}"


@pytest.mark.parametrize(("scale", "steps"), [(1, 0), (2, 1), (4, 2), (8, 3)])
def test_older_names(scale: int, steps: int) -> None:
    network = tiny_peer("rrdb", scale=scale, unshuffle=scale > 2)
    tensors = official(network)
    second = {_second(name): tensor for name, tensor in tensors.items()}
    first = {_first(name, steps): tensor for name, tensor in tensors.items()}
    for old in (second, first):
        assert len(old) == len(tensors)
        assert is_official(old)
        new = current_names(old)
        assert new.keys() == tensors.keys()
        assert all(torch.equal(new[name], tensor) for name, tensor in tensors.items())
        assert deduce_config(new) == network.config
    assert current_names(tensors).keys() == tensors.keys()
