"""Parameters and multiply-adds, counted on the network itself without running it."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from hatsr.model import HAT, HATConfig
from hatsr.model.blocks import OverlappingAttention, WindowAttention

RULE = (
    "Multiply-adds of convolutions, linear layers and the two attention products "
    "(Q K^T and the product with V); biases, norms, activations, softmax are not counted."
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Complexity:
    """What one forward costs."""

    parameters: int
    """Learned numbers."""
    multiply_adds: int
    """For one picture, by `RULE`."""


def _multiply_adds(module: nn.Module, inputs: Tensor, output: Tensor) -> int:
    """Of one call of one module, its children not included."""
    if isinstance(module, nn.Conv2d):
        kernel = module.kernel_size[0] * module.kernel_size[1]
        return output.numel() * kernel * module.in_channels // module.groups
    if isinstance(module, nn.Linear):
        return output.numel() * module.in_features
    if isinstance(module, WindowAttention):
        return 2 * inputs.numel() * module.size**2
    if isinstance(module, OverlappingAttention):
        return 2 * inputs.numel() * module.overlap_size**2
    return 0


def complexity(config: HATConfig, height: int = 64, width: int = 64) -> Complexity:
    """Count parameters and multiply-adds of a network (Tables 8 to 11).

    Args:
        config: the network.
        height: of the input, LR pixels; padded to a multiple of the window as in a real run.
        width: of the input, LR pixels.
    """
    with torch.device("meta"):
        model = HAT(config).eval()
        lr = torch.empty(1, config.channels, height, width)
    total = 0

    def count(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        nonlocal total
        total += _multiply_adds(module, inputs[0], output)

    for module in model.modules():
        module.register_forward_hook(count)
    with torch.no_grad():
        model(lr)
    return Complexity(parameters=sum(p.numel() for p in model.parameters()), multiply_adds=total)
