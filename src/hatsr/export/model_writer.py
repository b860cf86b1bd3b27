"""The whole network as an ONNX model; height and width are free, from 1 x 1.

Written operator by operator: torch's exporter gives the same numbers, but takes far longer
when both sides are free.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict

from onnx import ModelProto

from hatsr.export.block_writer import BlockWriter
from hatsr.export.graph import Graph
from hatsr.export.layer_writer import LayerWriter
from hatsr.export.places import Places, Size
from hatsr.model import HAT
from hatsr.model.blocks import HAB, OCAB
from hatsr.model.network import RHAG


def onnx_model(model: HAT, metadata: Mapping[str, str]) -> ModelProto:
    """Write a network as an ONNX model.

    Its input is ``lr``, float32 1 c height width in [0, 1]; its output ``sr``, 1 c scale*height
    scale*width, not clamped. Padding and cropping are inside.

    Args:
        model: the network.
        metadata: text to store beside the configuration; must have hatsr, the version.
    """
    config, graph = model.config, Graph()
    channels, scale = config.channels, config.scale
    height, width = (_side(graph, axis) for axis in (2, 3))
    size = _padded(graph, height, width, config.window_size)
    mean, img_range = graph.weight("mean", model.mean), graph.number(config.img_range)
    padded = graph.gather("lr", _reflection(graph, height, size.height), axis=2)
    padded = graph.gather(padded, _reflection(graph, width, size.width), axis=3)
    x = graph.op("Mul", graph.op("Sub", padded, mean), img_range)
    layers = LayerWriter(graph, model)
    blocks = BlockWriter(layers, Places(graph, config, size), config.embed_dim)
    sr = layers.tail(model.tail, _body(model, blocks, x))
    if config.tail == "residual":
        sr = graph.op("Add", sr, x)
    sr = graph.op("Add", graph.op("Div", sr, img_range), mean)
    ends = graph.op("Concat", height, width, attributes={"axis": 0})
    ends = graph.op("Mul", ends, graph.integer(scale))
    sr = graph.op("Slice", sr, graph.integers(0, 0), ends, graph.integers(2, 3))
    grown = [side if scale == 1 else f"{scale}*{side}" for side in ("height", "width")]
    text = {**metadata, "config": json.dumps(asdict(config)), "scale": str(scale)}
    return graph.model(("lr", (1, channels, "height", "width")), (sr, (1, channels, *grown)), text)


def _side(graph: Graph, axis: int) -> str:
    return graph.op("Shape", "lr", attributes={"start": axis, "end": axis + 1})


def _padded(graph: Graph, height: str, width: str, window: int) -> Size:
    """The next multiples of the window."""

    def windows(length: str) -> str:
        filled = graph.op("Add", length, graph.integer(window - 1))
        return graph.op("Div", filled, graph.integer(window))

    rows, cols = windows(height), windows(width)
    below, across = (graph.op("Mul", count, graph.integer(window)) for count in (rows, cols))
    return Size(below, across, rows, cols)


def _reflection(graph: Graph, length: str, target: str) -> str:
    """Indices of mirrored pixels, as `model.windows.reflect_index` computes them."""
    turn = graph.op("Mul", graph.op("Sub", length, graph.integer(1)), graph.integer(2))
    period = graph.op("Max", turn, graph.integer(1))
    position = graph.op("Mod", graph.count(target), period)
    return graph.op("Min", position, graph.op("Sub", turn, position))


def _body(model: HAT, blocks: BlockWriter, x: str) -> str:
    """The shallow convolution to the end of the deep features, 1 c h w."""
    layers = blocks.layers
    shallow = layers.convolution(model.shallow, x)
    rows = layers.norm(model.embed_norm, blocks.rows(shallow))
    for group in model.groups:
        if isinstance(group, RHAG):
            rows = _group(blocks, group, rows)
    deep = layers.convolution(model.body_conv, blocks.picture(layers.norm(model.norm, rows)))
    return blocks.graph.op("Add", deep, shallow)


def _group(blocks: BlockWriter, group: RHAG, rows: str) -> str:
    y = rows
    for block in [*group.blocks, group.ocab]:
        if isinstance(block, HAB):
            y = blocks.hab(block, y)
        elif isinstance(block, OCAB):
            y = blocks.ocab(block, y)
    y = blocks.rows(blocks.layers.convolution(group.conv, blocks.picture(y)))
    return blocks.graph.op("Add", y, rows)
