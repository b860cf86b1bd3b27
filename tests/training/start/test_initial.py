"""Weights before the first step."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from hatsr.checkpoint import make_network, save
from hatsr.model import HATConfig
from hatsr.resize import imresize
from hatsr.training.recipe import Recipe
from hatsr.training.start.initial import start_as_interpolation, transfer
from hatsr.training.start.setup import set_up


def test_cross_scale_transfer_tells_what_it_took(
    tiny: Callable[..., Recipe], tmp_path: Path
) -> None:
    network = make_network(tiny().config)
    save(network, tmp_path / "best.safetensors")
    said: list[str] = []
    recipe = tiny(network={"scale": 4}, start={"checkpoint": str(tmp_path)})
    setup = set_up(recipe, tmp_path / "run", said.append, device="cpu")
    own, given = setup.networks.main.state_dict(), network.state_dict()
    assert torch.equal(own["shallow.weight"], given["shallow.weight"])
    assert f"{len(own) - 2} tensors taken" in said[0]
    assert "2 left out, another shape: tail.0.weight; tail.0.bias" in said[0]
    deeper = transfer(make_network(tiny(network={"depths": [1, 2]}).config), str(tmp_path))
    assert all(name.startswith("groups.1.blocks.1") for name in deeper.missing)
    with pytest.raises(ValueError, match=r"start\.checkpoint: model must be a file"):
        transfer(network, str(tmp_path / "none"))
    with pytest.raises(ValueError, match="must share tensors"):
        transfer(
            make_network(
                HATConfig(
                    channels=1,
                    embed_dim=8,
                    depths=(1,),
                    window_size=6,
                    num_heads=1,
                    scale=3,
                    cab=False,
                    ocab=False,
                    mlp_ratio=1.0,
                    tail="pixelshuffle-direct",
                )
            ),
            str(tmp_path),
        )


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_starts_as_interpolation(tiny: Callable[..., Recipe], scale: int) -> None:
    network = make_network(tiny(network={"scale": scale}).config).eval()
    start_as_interpolation(network)
    ramp = np.linspace(0.2, 0.8, 24, dtype=np.float32)
    lr = np.stack([ramp[:, None] * np.ones(24, np.float32), ramp * ramp[:, None]] * 2)[:3]
    with torch.no_grad():
        sr = network(torch.from_numpy(lr)[None])[0].numpy()
    wanted = imresize(np.ascontiguousarray(lr.transpose(1, 2, 0)), scale).transpose(2, 0, 1)
    inner = slice(4 * scale, -4 * scale)
    np.testing.assert_allclose(sr[:, inner, inner], wanted[:, inner, inner], atol=5e-3)
