"""An ONNX graph as it grows: values are named by text, weights and shapes stand in it once."""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Shaped
from onnx import ModelProto, TensorProto, checker, helper, numpy_helper
from torch import Tensor

_OPSET = 20
"""Version of the ONNX operators; 20 is the first with GELU."""
_IR_VERSION = 9
"""Version of the file format, as old as the opset: runtimes from 2024 on read it."""

Attribute = int | float | str | Sequence[int]


class Graph:
    """Nodes and constants of one network."""

    def __init__(self) -> None:
        self._nodes = []
        self._tensors: dict[str, TensorProto] = {}
        self._shapes: dict[tuple[int | str, ...], str] = {}

    def op(self, kind: str, *inputs: str, attributes: Mapping[str, Attribute] | None = None) -> str:
        """Append an operator; returns its (first) result."""
        result = f"{kind}_{len(self._nodes)}"
        node = helper.make_node(kind, inputs, [result], result)
        node.attribute.extend(helper.make_attribute(k, v) for k, v in (attributes or {}).items())
        self._nodes.append(node)
        return result

    def weight(self, name: str, tensor: Tensor) -> str:
        """A learned tensor, as float32."""
        return self._constant(name, tensor.detach().float().cpu().numpy())

    def integers(self, *numbers: int) -> str:
        """A vector of int64."""
        name = "integers_" + "_".join(map(str, numbers))
        return self._constant(name, np.array(numbers, np.int64))

    def integer(self, number: int) -> str:
        """An int64 without dimensions."""
        return self._constant(f"integer_{number}", np.array(number, np.int64))

    def number(self, number: float) -> str:
        """A float32 without dimensions."""
        return self._constant(f"number_{number}", np.array(number, np.float32))

    def factors(self, *numbers: float) -> str:
        """A vector of float32."""
        name = "factors_" + "_".join(map(str, numbers))
        return self._constant(name, np.array(numbers, np.float32))

    def table(self, name: str, values: Shaped[np.ndarray, "..."]) -> str:
        """A constant of its own dtype; a name stands for one."""
        return self._constant(name, values)

    def reshape(self, x: str, *sides: int | str) -> str:
        """View in another shape; a side is a number, or a value of shape (1,)."""
        if sides not in self._shapes:
            if all(isinstance(side, int) for side in sides):
                shape = self.integers(*(side for side in sides if isinstance(side, int)))
            else:
                parts = [self.integers(s) if isinstance(s, int) else s for s in sides]
                shape = self.op("Concat", *parts, attributes={"axis": 0})
            self._shapes[sides] = shape
        return self.op("Reshape", x, self._shapes[sides])

    def transpose(self, x: str, *order: int) -> str:
        """Put dimensions in another order."""
        return self.op("Transpose", x, attributes={"perm": order})

    def gather(self, x: str, index: str, axis: int = 0) -> str:
        """Rows of `x` (or slices along another axis)."""
        return self.op("Gather", x, index, attributes={"axis": axis})

    def count(self, length: str) -> str:
        """0, 1, ... up to a length of shape (1,)."""
        end = self.op("Squeeze", length, self.integers(0))
        return self.op("Range", self.integer(0), end, self.integer(1))

    def model(
        self,
        lr: tuple[str, Sequence[int | str]],
        sr: tuple[str, Sequence[int | str]],
        metadata: Mapping[str, str],
    ) -> ModelProto:
        """The finished model; input and output are a value and its shape."""
        self._nodes.append(helper.make_node("Identity", [sr[0]], ["sr"], "sr"))
        graph = helper.make_graph(
            self._nodes,
            "hatsr",
            [helper.make_tensor_value_info(lr[0], TensorProto.FLOAT, lr[1])],
            [helper.make_tensor_value_info("sr", TensorProto.FLOAT, sr[1])],
            list(self._tensors.values()),
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)])
        model.ir_version = _IR_VERSION
        model.producer_name, model.producer_version = "hatsr", metadata["hatsr"]
        helper.set_model_props(model, dict(metadata))
        checker.check_model(model)
        return model

    def _constant(self, name: str, values: np.ndarray) -> str:
        if name not in self._tensors:
            self._tensors[name] = numpy_helper.from_array(np.asarray(values, order="C"), name)
        return name
