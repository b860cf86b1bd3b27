from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tiny import TINY, tiny

from hatsr.checkpoint import Checkpoint, blend, read, save
from hatsr.model import HAT


def pair(folder: Path, **changes: object) -> tuple[Checkpoint, Checkpoint]:
    """A tiny network, and one fine-tuned from it or of another shape."""
    torch.manual_seed(1)
    save(tiny(), folder / "a.safetensors", metadata={"licence": "x", "name": "a"})
    other = HAT(replace(TINY, **changes))  # pyright: ignore[reportArgumentType]
    save(other, folder / "b.pth", layout="official", metadata={"licence": "x", "name": "b"})
    return read(folder / "a.safetensors"), read(folder / "b.pth")


def test_weights_lie_between(tmp_path: Path) -> None:
    first, second = pair(tmp_path, drop_path=0.0)
    found = blend(first, second, 0.3, ("a", "b"))
    for name, tensor in found.tensors.items():
        wanted = 0.7 * first.tensors[name] + 0.3 * second.tensors[name]
        assert torch.allclose(tensor, wanted, atol=1e-6)
    assert found.metadata == {"licence": "x", "blend": "0.7 a + 0.3 b"}
    assert found.config == first.config
    for alpha, end in ((0.0, first), (1.0, second)):
        whole = blend(first, second, alpha).tensors
        assert all(torch.equal(whole[name], tensor) for name, tensor in end.tensors.items())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"scale": 4}, "must have one shape, got scale 2 and 4 in a and b"),
        ({"embed_dim": 24}, "embed_dim 12 and 24"),
        ({"conv_scale": 0.5}, "conv_scale 0.01 and 0.5"),
    ],
)
def test_other_shapes_are_refused(changes: dict, message: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=message):
        blend(*pair(tmp_path, **changes), 0.5, ("a", "b"))


@pytest.mark.parametrize("alpha", [-0.1, 1.1])
def test_alpha_out_of_range(alpha: float, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=f"alpha must be from 0 to 1, got {alpha}"):
        blend(*pair(tmp_path), alpha)
