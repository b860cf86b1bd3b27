"""The names that BasicSR gives SRResNet, and what its tensors tell of a network."""

import pytest
import torch
from torch import Tensor

from hatsr.checkpoint.peer_layouts.srresnet_layout import (
    deduce_config,
    is_official,
    official_name,
    unseen,
)
from hatsr.peers import SRResNetConfig


def shaped(*rows: int) -> dict[str, Tensor]:
    """Tensors of two blocks of 6 features and the shuffles' convolutions, of so many rows."""
    sizes = {"conv_first.weight": (6, 3, 3, 3)}
    sizes |= {f"body.{i}.conv{j}.weight": (6, 6, 3, 3) for i in (0, 1) for j in (1, 2)}
    sizes |= {f"upconv{i}.weight": (count, 6, 3, 3) for i, count in enumerate(rows, 1)}
    return {name: torch.empty(size, device="meta") for name, size in sizes.items()}


@pytest.mark.parametrize(("rows", "scale"), [((24,), 2), ((54,), 3), ((24, 24), 4)])
def test_the_scale_is_told_by_the_shuffles(rows: tuple[int, ...], scale: int) -> None:
    assert is_official(shaped(*rows))
    assert deduce_config(shaped(*rows)) == SRResNetConfig(scale=scale, width=6, blocks=2)


def test_shuffles_are_numbered_from_1() -> None:
    names = [official_name(f"steps.{i}.bias", SRResNetConfig()) for i in (0, 1)]
    assert names == ["upconv1.bias", "upconv2.bias"]


def test_an_rrdbnet_with_convolutions_of_that_name_is_none() -> None:
    """As in xinntao/ESRGAN, where the blocks are called otherwise."""
    named = {name.replace("body.", "RRDB_trunk."): t for name, t in shaped(24, 24).items()}
    assert not is_official(named)
    assert unseen(SRResNetConfig()) == ()
