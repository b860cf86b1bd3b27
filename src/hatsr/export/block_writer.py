"""The boxes of `hatsr.model.blocks` as operators, small to large.

Features are rows of pixels, (h w) c; each function takes a value and returns a value.
"""

import torch

from hatsr.export.layer_writer import LayerWriter
from hatsr.export.places import Places
from hatsr.model.blocks import (
    CAB,
    HAB,
    MLP,
    OCAB,
    ChannelAttention,
    OverlappingAttention,
    WindowAttention,
)
from hatsr.model.windows import MASKED


class BlockWriter:
    """Writes blocks of one network into its graph."""

    def __init__(self, layers: LayerWriter, places: Places, width: int) -> None:
        self.graph, self.layers, self.places = layers.graph, layers, places
        self.width = width

    def picture(self, rows: str) -> str:
        """Rows as 1 c h w."""
        lines, size = self.graph.transpose(rows, 1, 0), self.places.size
        return self.graph.reshape(lines, 1, self.width, size.height, size.width)

    def rows(self, picture: str) -> str:
        """The inverse of `picture`."""
        return self.graph.transpose(self.graph.reshape(picture, self.width, -1), 1, 0)

    def attend(self, q: str, k: str, v: str, bias: str) -> str:
        """SoftMax(Q K^T + B) V; n heads q d, n heads d k, n heads k d to rows (n q) c."""
        graph = self.graph
        scores = graph.op("Add", graph.op("MatMul", q, k), bias)
        shares = graph.op("Softmax", scores, attributes={"axis": -1})
        return graph.transpose(graph.op("MatMul", shares, v), 0, 2, 1, 3)

    def window_attention(self, module: WindowAttention, x: str) -> str:
        """(S)W-MSA.

        Seams of the shift are four more numbers of each query and key: their product is 0 within
        a region and -100 or -200 across a seam, where Swin's mask adds -100. After the softmax
        that is the same, and it needs no mask of n q q numbers.
        """
        graph, places, heads = self.graph, self.places, module.bias_table.shape[1]
        x = graph.gather(x, places.shifted_windows if module.shift else places.windows)
        q, k, v = (self.layers.linear(module.qkv, x, part) for part in range(3))
        q, k, v = self._heads(module, q, k, v)
        if module.shift:
            other = graph.op("Sub", graph.number(1.0), places.wrapped)
            sides = graph.op("Concat", places.wrapped, other, attributes={"axis": 3})
            opposite = graph.op("Concat", other, places.wrapped, attributes={"axis": 3})
            masked = graph.op("Mul", sides, graph.number(MASKED))
            opposite = graph.transpose(opposite, 0, 1, 3, 2)
            q = graph.op("Concat", q, self._for_heads(masked, heads), attributes={"axis": 3})
            k = graph.op("Concat", k, self._for_heads(opposite, heads), attributes={"axis": 2})
        mixed = self.attend(q, k, v, self._bias(module))
        out = self.layers.linear(module.proj, graph.reshape(mixed, -1, self.width))
        return graph.gather(out, places.shifted_pixels if module.shift else places.pixels)

    def overlapping_attention(self, module: OverlappingAttention, x: str) -> str:
        """OCA; keys and values outside the picture are a row of zeros."""
        graph, places = self.graph, self.places
        q, k, v = (self.layers.linear(module.qkv, x, part) for part in range(3))
        q = graph.gather(q, places.windows)
        zeros = graph.weight("zeros", torch.zeros(1, self.width))
        k, v = (
            graph.gather(
                graph.op("Concat", t, zeros, attributes={"axis": 0}), places.overlapping_windows
            )
            for t in (k, v)
        )
        mixed = self.attend(*self._heads(module, q, k, v), self._bias(module))
        out = self.layers.linear(module.proj, graph.reshape(mixed, -1, self.width))
        return graph.gather(out, places.pixels)

    def cab(self, module: CAB, x: str) -> str:
        """Channel attention block."""
        y = self.layers.convolution(module.compress, self.picture(x))
        y = self.layers.convolution(module.expand, self.graph.op("Gelu", y))
        if isinstance(module.attention, ChannelAttention):
            y = self.graph.op("Mul", y, self._gate(module.attention, y))
        return self.rows(y)

    def mlp(self, module: MLP, x: str) -> str:
        """Two linear layers with a GELU between."""
        return self.layers.linear(
            module.fc2, self.graph.op("Gelu", self.layers.linear(module.fc1, x))
        )

    def hab(self, block: HAB, x: str) -> str:
        """Hybrid attention block."""
        graph = self.graph
        normed = self.layers.norm(block.norm1, x)
        x = graph.op("Add", x, self.window_attention(block.attention, normed))
        if block.cab is not None:
            weighted = graph.op("Mul", self.cab(block.cab, normed), graph.number(block.cab.alpha))
            x = graph.op("Add", x, weighted)
        return graph.op("Add", x, self.mlp(block.mlp, self.layers.norm(block.norm2, x)))

    def ocab(self, block: OCAB, x: str) -> str:
        """Overlapping cross-attention block."""
        attended = self.overlapping_attention(block.attention, self.layers.norm(block.norm1, x))
        x = self.graph.op("Add", x, attended)
        return self.graph.op("Add", x, self.mlp(block.mlp, self.layers.norm(block.norm2, x)))

    def _heads(
        self, module: WindowAttention | OverlappingAttention, q: str, k: str, v: str
    ) -> tuple[str, str, str]:
        """Rows of windows to scaled queries n heads q d, keys n heads d k, values n heads k d."""
        graph, heads, (queries, keys) = self.graph, module.bias_table.shape[1], module.index.shape
        width = self.width // heads
        q = graph.transpose(graph.reshape(q, -1, queries, heads, width), 0, 2, 1, 3)
        k = graph.transpose(graph.reshape(k, -1, keys, heads, width), 0, 2, 3, 1)
        v = graph.transpose(graph.reshape(v, -1, keys, heads, width), 0, 2, 1, 3)
        return graph.op("Mul", q, graph.number(width**-0.5)), k, v

    def _for_heads(self, x: str, heads: int) -> str:
        """Repeat n 1 a b for every head."""
        return self.graph.op("Expand", x, self.graph.integers(1, heads, 1, 1))

    def _bias(self, module: WindowAttention | OverlappingAttention) -> str:
        """The relative position bias B, heads q k."""
        graph, name = self.graph, self.layers.name(module)
        places = graph.table(f"index_{type(module).__name__}", module.index.int().cpu().numpy())
        table = graph.weight(f"{name}.bias_table", module.bias_table)
        return graph.transpose(graph.gather(table, places), 2, 0, 1)

    def _gate(self, module: ChannelAttention, x: str) -> str:
        """Factors of the channels, 1 c 1 1."""
        graph = self.graph
        mean = graph.reshape(graph.op("GlobalAveragePool", x), 1, self.width)
        hidden = graph.op("Relu", self.layers.linear(module.squeeze, mean))
        gate = graph.op("Sigmoid", self.layers.linear(module.excite, hidden))
        return graph.reshape(gate, 1, self.width, 1, 1)
