"""Running a network under study: frozen, checked, its memory measured."""

from collections.abc import Callable, Generator
from contextlib import contextmanager

from jaxtyping import Float
from torch import Tensor, nn

SRFunction = Callable[[Tensor], Tensor]
"""From LR, b 3 h w in [0, 1], to SR, b 3 scale*h scale*w; differentiable."""


@contextmanager
def frozen(network: SRFunction) -> Generator[None, None, None]:
    """Evaluation mode and no gradients for parameters; as before at the end."""
    modules = list(network.modules()) if isinstance(network, nn.Module) else []
    learning = [p for m in modules for p in m.parameters(recurse=False) if p.requires_grad]
    training = [m for m in modules if m.training]
    for parameter in learning:
        parameter.requires_grad_(False)
    for module in training:
        module.training = False
    try:
        yield
    finally:
        for parameter in learning:
            parameter.requires_grad_(True)
        for module in training:
            module.training = True


class KeptBytes:
    """Counts the memory that autograd keeps for a backward pass."""

    def __init__(self) -> None:
        self.storages: dict[int, int] = {}

    def pack(self, tensor: Tensor) -> Tensor:
        """Count a tensor's storage once."""
        storage = tensor.untyped_storage()
        self.storages[storage.data_ptr()] = storage.nbytes()
        return tensor.detach()

    def total(self) -> int:
        """The bytes counted so far."""
        return sum(self.storages.values())


def run(network: SRFunction, lr: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b 3 sr_h sr_w"]:
    """The network's output, checked."""
    sr, (b, _, h, w) = network(lr), lr.shape
    fits = sr.ndim == 4 and sr.shape[:2] == (b, 3)
    fits = fits and sr.shape[2] % h == 0 and sr.shape[2] * w == sr.shape[3] * h
    if not fits:
        raise ValueError(
            f"the network must turn {tuple(lr.shape)} into {b} x 3 x scale*{h} x scale*{w}, got "
            f"{tuple(sr.shape)}" + ("; if it takes one picture only, set memory=0" * (b > 1))
        )
    return sr
