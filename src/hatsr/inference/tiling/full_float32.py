"""Float32 in all its bits: on GPUs PyTorch rounds what convolutions multiply to the 10 of TF32."""

from collections.abc import Iterator
from contextlib import contextmanager

from torch.backends import cudnn


@contextmanager
def full_float32() -> Iterator[None]:
    """Convolutions multiply all bits of float32 inside; the setting before comes back after."""
    before = cudnn.allow_tf32
    cudnn.allow_tf32 = False
    try:
        yield
    finally:
        cudnn.allow_tf32 = before
