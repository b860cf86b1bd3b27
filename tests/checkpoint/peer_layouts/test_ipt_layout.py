"""The names of IPT's program, and the tasks that its files hold."""

from dataclasses import replace

import pytest
import torch
from tiny_peers import PEERS, official, tiny_peer

from hatsr.checkpoint.peer_layouts.ipt_layout import deduce_config, unseen
from hatsr.peers import IPT


def test_the_file_has_every_task() -> None:
    network = tiny_peer("ipt")
    tensors = official(network)
    assert {name.split(".")[1] for name in tensors if name.startswith("head.")} == set("0123")
    ids = tensors["body.position_encoding.position_ids"]
    assert torch.equal(ids, torch.arange(16)[None])
    assert not any(p.requires_grad for p in network.heads[0].parameters())
    assert all(p.requires_grad for p in network.heads[2].parameters())


@pytest.mark.parametrize(
    ("tasks", "scale", "chosen"), [((2,), 2, 2), ((3, 2), 2, 3), ((1, 2), 1, 2), ((4, 4), 4, 4)]
)
def test_the_largest_scale_is_chosen(tasks: tuple[int, ...], scale: int, chosen: int) -> None:
    found = deduce_config(official(tiny_peer("ipt", tasks=tasks, scale=scale)))
    assert (found.tasks, found.scale) == (tasks, chosen)
    assert ("scale" in unseen(found)) == (len(set(tasks)) > 1)


@pytest.mark.parametrize(("width", "heads"), [(4, 1), (24, 2), (64, 4), (144, 12)])
def test_heads_are_assumed_to_be_at_least_48_wide(width: int, heads: int) -> None:
    """A token is 4 pixels of so many features; 256 is no multiple of five heads, but of four."""
    config = replace(PEERS["ipt"].tiny, width=width, heads=1)
    with torch.device("meta"):
        tensors = official(IPT(config))
    tensors["sub_mean.bias"] = torch.tensor([-0.45, -0.44, -0.4])
    found = deduce_config(tensors)
    assert (found.heads, found.token, found.crop) == (heads, 2, 8)


def test_a_file_without_tails_is_refused() -> None:
    tensors = official(tiny_peer("ipt"))
    tensors = {name: t for name, t in tensors.items() if not name.startswith("tail.")}
    with pytest.raises(ValueError, match=r"the file must hold tail\.0\.1\.weight, got a file"):
        deduce_config(tensors)
