"""A graph as it grows: what stands in it once, and what its operators compute."""

import numpy as np
import pytest
import torch

pytest.importorskip("onnx", reason="needs the extra export")

from hatsr.export.graph import Graph

LR = np.arange(24, dtype=np.float32).reshape(2, 3, 4)


def side(graph: Graph, axis: int) -> str:
    return graph.op("Shape", "lr", attributes={"start": axis, "end": axis + 1})


def model_of(graph: Graph, sr: str):
    return graph.model(("lr", LR.shape), (sr, LR.shape), {"hatsr": "1.2"})


def test_constants_and_shapes_stand_in_it_once() -> None:
    graph = Graph()
    factor = torch.tensor(0.5, dtype=torch.bfloat16)
    assert graph.weight("factor", factor) == graph.weight("factor", factor) == "factor"
    assert graph.integers(1, 2) == graph.integers(1, 2) != graph.integer(1)
    first = graph.reshape(graph.reshape("lr", 6, 4), 2, 3, 4)
    built = model_of(graph, graph.op("Mul", graph.reshape(first, 2, 3, 4), "factor"))
    stored = {
        tensor.name: (tensor.data_type, list(tensor.dims)) for tensor in built.graph.initializer
    }
    assert stored == {
        "factor": (1, []),  # float32
        "integers_1_2": (7, [2]),  # int64
        "integer_1": (7, []),
        "integers_6_4": (7, [2]),
        "integers_2_3_4": (7, [3]),
    }
    assert [node.op_type for node in built.graph.node] == [*("Reshape",) * 3, "Mul", "Identity"]


def test_the_model_says_which_operators_it_needs_and_who_made_it() -> None:
    built = model_of(Graph(), "lr")
    assert [(each.domain, each.version) for each in built.opset_import] == [("", 20)]
    assert (built.producer_name, built.producer_version) == ("hatsr", "1.2")
    assert [value.name for value in (*built.graph.input, *built.graph.output)] == ["lr", "sr"]


def test_a_graph_that_does_not_hold_together_is_refused() -> None:
    graph = Graph()
    with pytest.raises(Exception, match="nowhere"):
        model_of(graph, graph.op("Relu", "nowhere"))


@pytest.mark.parametrize(
    ("write", "expected"),
    [
        (lambda g: g.transpose("lr", 2, 0, 1), LR.transpose(2, 0, 1)),
        (lambda g: g.gather("lr", g.integers(1, 0, 1), axis=1), LR[:, [1, 0, 1]]),
        (lambda g: g.reshape("lr", -1, 4), LR.reshape(6, 4)),
        (
            lambda g: g.reshape("lr", side(g, 2), -1),
            LR.reshape(4, 6),
        ),
        (lambda g: g.count(side(g, 1)), np.arange(3)),
        (lambda g: g.count(g.integers(5)), np.arange(5)),
        (lambda g: g.op("Mul", "lr", g.number(0.25)), LR / 4),
        (lambda g: g.op("Mul", "lr", g.factors(1.0, 0.0, 2.0, 0.5)), LR * [1, 0, 2, 0.5]),
        (lambda g: g.table("small", np.array([3, 1], np.int32)), np.array([3, 1])),
    ],
)
def test_what_operators_compute(write, expected: np.ndarray, compute) -> None:
    graph = Graph()
    found = compute(graph, write(graph), LR, expected.ndim)
    np.testing.assert_array_equal(found, expected)
