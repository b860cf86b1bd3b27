"""Any network on pictures: by its own forward, or by the engine where there is one for it."""

import weakref
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.func import functional_call
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from hatsr.inference.cuda import CudaEngine
from hatsr.inference.engine import Engine
from hatsr.inference.runner import Patch, Progress, Runner, ignore_progress
from hatsr.inference.tiling.budget import FIXED_BYTES, pictures_at_once
from hatsr.model import HAT, as_network

OVER_TENSORS = 1.3
"""Memory of a forward over that of its tensors: convolutions copy what they read (up to 1.23 with
residual blocks and pixel shuffles on a CPU)."""


ENGINES: dict[type[nn.Module], Callable[..., Runner]] = {HAT: Engine}
"""By class, networks that have an engine of their own."""
CUDA_ENGINES: dict[type[nn.Module], Callable[..., Runner]] = {HAT: CudaEngine}
"""By class, networks that have one for CUDA devices."""


def make_runner(
    network: nn.Module, *, device: torch.device | str, dtype: torch.dtype, int8: bool = False
) -> Runner:
    """The engine of a network that has one, else a `PlainRunner`.

    Args:
        network: taken over: it is moved, and its weights must not change afterwards.
        device: where to run.
        dtype: of weights and features.
        int8: multiply in 8-bit integers.

    Raises:
        ValueError: it is no `Network`, or int8, or bfloat16 on a CPU, is wanted of one without an
            engine.
    """
    cuda = CUDA_ENGINES.get(type(network))
    if cuda is not None and torch.device(device).type == "cuda" and not int8:
        return cuda(network, device=device, dtype=dtype)
    engine = ENGINES.get(type(network))
    if engine is not None:
        return engine(network, device=device, dtype=dtype, int8=int8)
    if int8 or (dtype == torch.bfloat16 and torch.device(device).type == "cpu"):
        kind, known = type(network).__name__, ", ".join(kind.__name__ for kind in ENGINES)
        precision = "int8" if int8 else "bf16 on a cpu"
        raise ValueError(
            f"precision must not be {precision} for {kind}, only for {known}; choose fp32"
        )
    return PlainRunner(network, device=device, dtype=dtype)


class PlainRunner:
    """A network run by its own forward; a `Runner`."""

    def __init__(
        self, network: nn.Module, *, device: torch.device | str, dtype: torch.dtype
    ) -> None:
        self.channels = as_network(network).channels
        self.network = network.to(device=device, dtype=dtype).eval()
        self.device, self.dtype = torch.device(device), dtype

    def bytes_needed(self, height: int, width: int) -> int:
        """Memory that a picture takes while it is in the network, its SR included; LR pixels.

        The most that its tensors take at a time, found by a forward on the meta device.
        """
        live = LiveBytes()
        forward_on_meta(self.network, height, width, live, self.dtype)
        return FIXED_BYTES + int(live.most * OVER_TENSORS)

    def pictures_at_once(self, height: int, width: int, limit: int) -> int:
        """One on a processor, on a GPU as many as fill it, within the limit."""
        if self.device.type != "cuda":
            return 1
        return pictures_at_once(self.bytes_needed, height, width, limit)

    def measure(
        self, patches: Sequence[Patch], progress: Progress = ignore_progress
    ) -> list[Tensor] | None:
        """Nothing: each tile runs for itself."""
        return None

    @torch.inference_mode()
    def run(
        self,
        lr: Float[Tensor, "b rgb h w"],
        *,
        means: list[Tensor] | None = None,
        progress: Progress = ignore_progress,
    ) -> Float[Tensor, "b rgb sr_h sr_w"]:
        """LR in [0, 1] to raw SR; `progress` is told at the end."""
        sr = self.network(lr.to(self.device, self.dtype))
        progress(1.0)
        return sr


def forward_on_meta(
    network: nn.Module,
    height: int,
    width: int,
    watch: AbstractContextManager[object],
    dtype: torch.dtype = torch.float32,
) -> None:
    """One forward of a network, wherever it is, on the meta device: shapes without numbers.

    Args:
        network: a `Network` that computes on the device and in the dtype of its LR.
        height: of LR, pixels.
        width: of LR, pixels.
        watch: open during the forward: a mode of PyTorch that sees every operator.
        dtype: of the features.
    """
    state = {**dict(network.named_parameters()), **dict(network.named_buffers())}
    shapes = {name: tensor.detach().to("meta") for name, tensor in state.items()}
    channels = as_network(network).channels
    with torch.no_grad(), torch.device("meta"), watch:
        lr = torch.empty(1, channels, height, width, dtype=dtype)
        functional_call(network, shapes, (lr,))


class LiveBytes(TorchDispatchMode):
    """Adds up the memory of tensors that are made while this is open and not yet freed.

    `most` is the largest sum so far, bytes.
    """

    def __init__(self) -> None:
        super().__init__()
        self.most = self._now = 0
        self._known: set[int] = set()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        """Run an operator and note what it made."""
        made = func(*args, **(kwargs or {}))
        for tensor in tree_leaves(made):
            if isinstance(tensor, Tensor):
                self._note(tensor.untyped_storage())
        return made

    def _note(self, storage: torch.UntypedStorage) -> None:
        key, size = id(storage), storage.nbytes()
        if key in self._known:
            return
        self._known.add(key)
        self._now += size
        self.most = max(self.most, self._now)
        weakref.finalize(storage, self._forget, key, size)

    def _forget(self, key: int, size: int) -> None:
        self._known.discard(key)
        self._now -= size
