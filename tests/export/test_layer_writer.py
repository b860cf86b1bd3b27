"""PyTorch's layers against the operators that are written for them."""

from typing import Any

import numpy as np
import pytest
import torch
from tiny import tiny

from hatsr.export.graph import Graph
from hatsr.export.layer_writer import LayerWriter
from hatsr.model import HAT

pytest.importorskip("onnx", reason="needs the extra export")

X = torch.rand(1, 12, 3, 5, generator=torch.Generator().manual_seed(0))
ROWS = X[0].flatten(1).t().contiguous()


def group_of(model: HAT) -> Any:
    """Its first RHAG, of whose parts PyTorch's containers do not tell the types."""
    return model.groups[0]


def test_a_layer_that_export_does_not_know() -> None:
    with pytest.raises(TypeError, match="must be one that export knows, got Tanh"):
        LayerWriter(Graph(), tiny()).convolution(torch.nn.Tanh(), "x")


def test_queries_keys_and_values_are_parts_of_one_layer(compute) -> None:
    model = tiny()
    layer = group_of(model).blocks[0].attention.qkv
    expected = layer(ROWS).detach().chunk(3, dim=1)
    for part in range(3):
        graph = Graph()
        found = compute(graph, LayerWriter(graph, model).linear(layer, "lr", part), ROWS.numpy(), 2)
        np.testing.assert_allclose(found, expected[part], atol=1e-5)


@pytest.mark.parametrize("bias", [True, False])
def test_a_linear_layer_of_rows(bias: bool, compute) -> None:
    model = tiny(qkv_bias=bias)
    layer, graph = group_of(model).blocks[0].attention.qkv, Graph()
    found = compute(graph, LayerWriter(graph, model).linear(layer, "lr"), ROWS.numpy(), 2)
    np.testing.assert_allclose(found, layer(ROWS).detach(), atol=1e-5)


def test_a_norm_is_written_where_there_is_one(compute) -> None:
    model, graph = tiny(), Graph()
    layers = LayerWriter(graph, model)
    assert layers.norm(torch.nn.Identity(), "lr") == "lr"
    found = compute(graph, layers.norm(model.norm, "lr"), ROWS.numpy(), 2)
    np.testing.assert_allclose(found, model.norm(ROWS).detach(), atol=1e-5)


@pytest.mark.parametrize(
    "changes",
    [
        *({"tail": "pixelshuffle", "scale": scale} for scale in (2, 3, 4)),
        {"tail": "pixelshuffle-direct", "scale": 3},
        {"tail": "nearest-conv", "scale": 4},
        {"tail": "residual", "scale": 1},
    ],
    ids=str,
)
def test_tails(changes: dict, compute) -> None:
    model, graph = tiny(**changes), Graph()
    found = compute(graph, LayerWriter(graph, model).tail(model.tail, "lr"), X.numpy(), 4)
    np.testing.assert_allclose(found, model.tail(X).detach(), rtol=1e-4, atol=1e-5)


def test_grouped_convolutions_one_after_the_other(compute) -> None:
    model, graph = tiny(depthwise_cab=True), Graph()
    layer = group_of(model).blocks[0].cab.compress
    found = compute(graph, LayerWriter(graph, model).convolution(layer, "lr"), X.numpy(), 4)
    np.testing.assert_allclose(found, layer(X).detach(), atol=1e-5)
