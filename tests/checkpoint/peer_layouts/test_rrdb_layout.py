"""The names of the three programs of RRDBNet."""

import re
from dataclasses import replace

import pytest
import torch
from tiny_peers import official, tiny_peer

from hatsr.checkpoint.peer_layouts.rrdb_layout import (
    current_names,
    deduce_config,
    is_official,
    unseen,
)
from hatsr.peers import RRDBNet, RRDBNetConfig


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


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"scale": 4}, ()),
        ({"scale": 2}, ()),  # gathered pixels tell it from x4
        ({"scale": 1}, ()),
        ({"scale": 2, "unshuffle": False}, ("scale", "unshuffle")),
        ({"scale": 3}, ("scale", "unshuffle")),
        ({"scale": 8}, ()),
    ],
)
def test_one_step_may_be_by_2_or_by_3(changes: dict, expected: tuple[str, ...]) -> None:
    config = RRDBNetConfig(**changes)
    assert unseen(config) == expected
    with torch.device("meta"):
        found = deduce_config(official(RRDBNet(config)))
    assert found == (replace(config, scale=2, unshuffle=False) if expected else config)


@pytest.mark.parametrize("last", [1, 3])
def test_a_cut_file_of_the_first_program_is_named(last: int) -> None:
    """It ends with the body, or with the first convolution after it."""
    tensors = {_first(name, 2): t for name, t in official(tiny_peer("rrdb")).items()}
    cut = {name: t for name, t in tensors.items() if int(name.split(".")[0]) <= last}
    assert is_official(cut)
    with pytest.raises(ValueError, match=r"the file must hold conv_last\.weight, got a"):
        deduce_config(cut)
