"""PyTorch's layers as operators, and the tails that are made of nothing else."""

from torch import nn

from hatsr.export.graph import Graph
from hatsr.model import HAT
from hatsr.model.tails import NearestTail, PixelShuffleTail


class LayerWriter:
    """Writes single layers of one network into its graph."""

    def __init__(self, graph: Graph, model: HAT) -> None:
        self.graph = graph
        self._names = {id(module): name for name, module in model.named_modules()}

    def name(self, module: nn.Module) -> str:
        """Of a module in the network; weights are named as in our checkpoints."""
        return self._names[id(module)]

    def linear(self, layer: nn.Linear, x: str, part: int | None = None) -> str:
        """A linear layer on rows; of a layer for Q, K and V perhaps only one part."""
        name, held = self.name(layer), dict(layer.named_parameters())
        if part is not None:
            held = {kind: tensor.chunk(3)[part] for kind, tensor in held.items()}
            name = f"{name}.{'qkv'[part]}"
        values = [self.graph.weight(f"{name}.{kind}", tensor) for kind, tensor in held.items()]
        return self.graph.op("Gemm", x, *values, attributes={"transB": 1})

    def norm(self, layer: nn.Module, x: str) -> str:
        """Layer norm of each row, or nothing where the network has none."""
        if not isinstance(layer, nn.LayerNorm):
            return x
        held = self._parameters(layer)
        return self.graph.op("LayerNormalization", x, *held, attributes={"epsilon": layer.eps})

    def convolution(self, layer: nn.Module, x: str) -> str:
        """A convolution and what stands beside one, on 1 c h w."""
        graph = self.graph
        if isinstance(layer, nn.Sequential):
            for inner in layer:
                x = self.convolution(inner, x)
            return x
        if isinstance(layer, nn.Conv2d):
            pads = [int(side) for side in layer.padding] * 2
            attributes = {"group": layer.groups, "pads": pads, "kernel_shape": layer.kernel_size}
            return graph.op("Conv", x, *self._parameters(layer), attributes=attributes)
        if isinstance(layer, nn.PixelShuffle):
            attributes = {"blocksize": layer.upscale_factor, "mode": "CRD"}
            return graph.op("DepthToSpace", x, attributes=attributes)
        if isinstance(layer, nn.LeakyReLU):
            return self._leaky_relu(x, layer.negative_slope)
        if isinstance(layer, nn.Identity):
            return x
        raise TypeError(f"a layer must be one that export knows, got {type(layer).__name__}")

    def tail(self, tail: nn.Module, x: str) -> str:
        """Features 1 c h w to SR."""
        if isinstance(tail, PixelShuffleTail):
            x = self._leaky_relu(self.convolution(tail.before, x), 0.01)
            for step in tail.steps:
                x = self.convolution(step, x)
            return self.convolution(tail.last, x)
        if isinstance(tail, NearestTail):
            x = self._leaky_relu(self.convolution(tail.before, x), 0.01)
            for step in tail.steps:
                x = self._leaky_relu(self.convolution(step, self._doubled(x)), 0.2)
            x = self._leaky_relu(self.convolution(tail.final, x), 0.2)
            return self.convolution(tail.last, x)
        return self.convolution(tail, x)

    def _leaky_relu(self, x: str, slope: float) -> str:
        return self.graph.op("LeakyRelu", x, attributes={"alpha": slope})

    def _doubled(self, x: str) -> str:
        """Every pixel as 2 x 2 of them."""
        attributes = {
            "mode": "nearest",
            "coordinate_transformation_mode": "asymmetric",
            "nearest_mode": "floor",
        }
        return self.graph.op(
            "Resize", x, "", self.graph.factors(1.0, 1.0, 2.0, 2.0), attributes=attributes
        )

    def _parameters(self, layer: nn.Module) -> list[str]:
        name = self.name(layer)
        return [self.graph.weight(f"{name}.{k}", t) for k, t in layer.named_parameters()]
