"""Networks of related tasks."""

from collections.abc import Callable
from pathlib import Path

import torch
from tiny_runs import go

from hatsr.training.recipe import Recipe
from hatsr.training.start.setup import set_up


def test_related_tasks_share_the_body(tiny: Callable[..., Recipe], tmp_path: Path) -> None:
    recipe = tiny(iterations=2, tasks=[{"scale": 2}, {"scale": 3}, {"scale": 2, "noise": 15.0}])
    setup = set_up(recipe, tmp_path, device="cpu")
    main, *others = setup.networks.each()
    assert [network.scale for network in others] == [3, 2]  # pyright: ignore
    assert all(network.groups is main.groups for network in others)
    assert all(network.tail is not main.tail for network in others)
    before = others[0].tail[0].weight.clone()  # pyright: ignore
    go(setup)
    assert not torch.equal(before, others[0].tail[0].weight)  # pyright: ignore
