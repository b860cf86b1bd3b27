"""Blocks as operators against the same blocks in PyTorch, on one picture of 8 x 12."""

from typing import Any

import numpy as np
import pytest
import torch
from tiny import tiny
from torch import Tensor

pytest.importorskip("onnx", reason="needs the extra export")

from hatsr.export.block_writer import BlockWriter
from hatsr.export.graph import Graph
from hatsr.export.layer_writer import LayerWriter
from hatsr.export.places import Places, Size
from hatsr.model import HAT

HEIGHT, WIDTH = 8, 12
X = torch.randn(1, HEIGHT, WIDTH, 12, generator=torch.Generator().manual_seed(0))
PICTURE = X.permute(0, 3, 1, 2).contiguous()


def group_of(model: HAT) -> Any:
    """Its first RHAG, of whose parts PyTorch's containers do not tell the types."""
    return model.groups[0]


def writer_of(model: HAT) -> BlockWriter:
    graph, side = Graph(), model.config.window_size
    sides = [graph.op("Shape", "lr", attributes={"start": i, "end": i + 1}) for i in (2, 3)]
    windows = [graph.op("Div", length, graph.integer(side)) for length in sides]
    places = Places(graph, model.config, Size(*sides, *windows))
    return BlockWriter(LayerWriter(graph, model), places, model.config.embed_dim)


def check(compute, writer: BlockWriter, value: str, expected: Tensor) -> None:
    found = compute(writer.graph, value, PICTURE.numpy(), 2)
    np.testing.assert_allclose(found, expected.detach().reshape(-1, 12).numpy(), atol=2e-5)


@pytest.mark.parametrize("number", [0, 1], ids=["W-MSA", "SW-MSA"])
@pytest.mark.parametrize(
    "changes",
    [{}, {"cab": False}, {"qkv_bias": False}, {"num_heads": (3, 3)}, {"channel_attention": False}],
    ids=str,
)
def test_hybrid_attention_blocks(changes: dict, number: int, compute) -> None:
    model = tiny(**changes)
    block, writer = group_of(model).blocks[number], writer_of(model)
    assert bool(block.attention.shift) == bool(number)
    check(compute, writer, writer.hab(block, writer.rows("lr")), block(X))


@pytest.mark.parametrize("overlap_ratio", [0.0, 0.5, 2.5])
def test_overlapping_cross_attention_blocks(overlap_ratio: float, compute) -> None:
    model = tiny(overlap_ratio=overlap_ratio)
    block, writer = group_of(model).ocab, writer_of(model)
    check(compute, writer, writer.ocab(block, writer.rows("lr")), block(X))


@pytest.mark.parametrize("channel_attention", [True, False])
def test_channel_attention_blocks_are_written_before_their_factor_alpha(
    channel_attention: bool, compute
) -> None:
    model = tiny(channel_attention=channel_attention)
    block, writer = group_of(model).blocks[0].cab, writer_of(model)
    y, gain = block(X)
    check(
        compute, writer, writer.cab(block, writer.rows("lr")), y * gain[:, None, None] / block.alpha
    )


def test_rows_and_pictures_are_inverses(compute) -> None:
    writer = writer_of(tiny())
    check(compute, writer, writer.rows("lr"), X)
    writer = writer_of(tiny())
    found = compute(writer.graph, writer.picture(writer.rows("lr")), PICTURE.numpy(), 4)
    np.testing.assert_array_equal(found, PICTURE)


def test_numbers_beside_queries_and_keys_do_what_a_mask_does(compute) -> None:
    """A pixel changes only those that the seams of the shift let it reach, and by what it should.

    The top left pixel comes to lie in the last window, alone with the four of its corner.
    """
    model = tiny()
    block, other = group_of(model).blocks[1].attention, PICTURE.clone()
    other[..., 0, 0] += 1.0

    def attended(picture: Tensor) -> np.ndarray:
        writer = writer_of(model)
        value = writer.window_attention(block, writer.rows("lr"))
        return compute(writer.graph, value, picture.numpy(), 2)

    changed = np.abs(attended(other) - attended(PICTURE)).max(1) > 1e-6
    corner = [0, 1, WIDTH, WIDTH + 1]
    assert np.flatnonzero(changed).tolist() == corner
