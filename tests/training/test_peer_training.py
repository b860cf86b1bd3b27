"""Every network beside HAT is trained by a recipe; what is not learned stays as it was."""

from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import pytest
import torch
from tiny_peers import PEERS
from tiny_runs import go

from hatsr.checkpoint import kind_of, read
from hatsr.training.recipe import Recipe, to_recipe
from hatsr.training.recipe.parsing import Values
from hatsr.training.start.setup import set_up


@pytest.mark.parametrize("name", PEERS)
def test_two_steps(name: str, tiny: Callable[..., Recipe], tmp_path: Path) -> None:
    config = replace(PEERS[name].tiny, scale=2)
    tree = tiny().model_dump(mode="json", exclude_defaults=True)
    tree["network"] = {"kind": kind_of(config), **asdict(config)}
    recipe = to_recipe(Values({"iterations": 2}).over(Values(tree)))
    assert recipe.config == config
    setup = set_up(recipe, tmp_path / "run", device="cpu")
    network = setup.networks.main
    before = {key: tensor.clone() for key, tensor in network.state_dict().items()}
    fixed = {key for key, parameter in network.named_parameters() if not parameter.requires_grad}
    fixed |= {key for key, _ in network.named_buffers()}
    go(setup)
    found = read(tmp_path / "run" / "last.safetensors")
    assert found.config == config
    same = {key for key, tensor in found.tensors.items() if torch.equal(before[key], tensor)}
    assert fixed <= same
    assert len(same - fixed) < len(before) / 2
