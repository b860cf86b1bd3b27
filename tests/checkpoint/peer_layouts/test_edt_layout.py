"""The names of EDT's program, the masks it stores, and what its tensors tell of a network."""

from dataclasses import replace

import pytest
import torch
from tiny_peers import PEERS, official, tiny_peer

from hatsr.checkpoint.peer_layouts.edt_layout import deduce_config, unseen
from hatsr.peers import EDT


def test_masks_are_stored_as_in_the_authors_program() -> None:
    tensors = official(tiny_peer("edt", window_short=6, window_long=24))
    mask = tensors["body.layers.1.residual_group.blocks.1.attn_mask_h"]
    assert mask.shape == (16, 144, 144)
    assert set(mask.unique().tolist()) == {-100.0, 0.0}
    assert not mask[0].any()  # a window that no seam crosses
    assert "body.layers.1.residual_group.blocks.0.attn_mask_h" not in tensors


def test_a_file_without_super_resolution_is_refused() -> None:
    tensors = official(tiny_peer("edt"))
    tensors = {name.replace("sr_x4", "dn_g15"): tensor for name, tensor in tensors.items()}
    with pytest.raises(ValueError, match="must hold tail_sr_x2, x3 or x4, got none; take one for"):
        deduce_config(tensors)


@pytest.mark.parametrize(("width", "heads"), [(12, 6), (60, 6), (180, 6), (240, 8), (16, 2)])
def test_heads_are_assumed_by_the_width(width: int, heads: int) -> None:
    config = replace(PEERS["edt"].tiny, embed_dim=width, heads=1)
    with torch.device("meta"):
        tensors = official(EDT(config))
    found = deduce_config(tensors)
    assert (found.heads, found.embed_dim) == (heads, width)


def test_of_several_scales_the_largest_is_chosen_and_said_to_be() -> None:
    found = deduce_config(official(tiny_peer("edt", scale=2, tasks=(2, 3))))
    assert (found.scale, found.tasks) == (3, (2, 3))
    assert unseen(found) == ("scale", "heads", "window_short", "window_long", "drop_path")
    assert "scale" not in unseen(deduce_config(official(tiny_peer("edt", scale=2))))


def test_no_masks_are_stored_where_windows_do_not_fill_48_pixels() -> None:
    fits, does_not = (tiny_peer("edt", window_short=2, window_long=side) for side in (8, 10))
    assert [sum("attn_mask" in name for name in official(each)) for each in (fits, does_not)] == [
        4,
        0,
    ]
