"""The names of NLSN's program, and what its tensors tell of a network."""

import pytest
import torch
from tiny_peers import official

from hatsr.checkpoint.peer_layouts.nlsn_layout import deduce_config, official_name, unseen
from hatsr.peers import NLSN, NLSNConfig


@pytest.mark.parametrize(
    ("blocks", "every", "last"),
    [(32, 8, 37), (4, 2, 7), (3, 2, 5), (3, 4, 4), (1, 1, 3)],
)
def test_attention_is_numbered_among_the_blocks(blocks: int, every: int, last: int) -> None:
    """One comes before the blocks and one after so many of them; a convolution ends the body."""
    config = NLSNConfig(width=8, blocks=blocks, attention_every=every)
    assert official_name("body_conv.bias", config) == f"body.{last}.bias"
    with torch.device("meta"):
        tensors = official(NLSN(config))
    tensors["sub_mean.bias"] = torch.tensor([-0.45, -0.44, -0.4])
    kinds = ["conv_match.0", "body.0", ""]
    expected = [0]
    for block in range(1, blocks + 1):
        expected += [1, 0] if block % every == 0 else [1]
    for number, kind in enumerate([*expected, 2]):
        name = f"body.{number}.{kinds[kind]}.weight".replace("..", ".")
        assert name in tensors
    found = deduce_config(tensors)
    assert (found.blocks, found.attention_every) == (blocks, every)


@pytest.mark.parametrize(("width", "factor"), [(64, 1.0), (256, 0.1)])
def test_what_no_tensor_shows_has_the_published_value(width: int, factor: float) -> None:
    with torch.device("meta"):
        tensors = official(NLSN(NLSNConfig(width=width, blocks=2, chunk=9, hashes=2)))
    found = deduce_config(tensors | {"sub_mean.bias": torch.tensor([-0.45, -0.44, -0.4])})
    assert (found.chunk, found.hashes, found.residual_scale) == (144, 4, factor)
    assert unseen(found) == ("chunk", "hashes", "residual_scale")
