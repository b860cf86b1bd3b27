"""Pictures through a network several at a time, fewer where memory runs out."""

from collections.abc import Callable, Iterator, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

SR = Float[Tensor, "b rgb sr_h sr_w"]


def in_batches(
    parts: Sequence[Float[Tensor, "1 rgb h w"]],
    together: int,
    work: Callable[[Float[Tensor, "b rgb h w"], int], SR],
) -> Iterator[SR]:
    """The results of pictures of one size, in their order.

    Args:
        parts: the pictures.
        together: so many at once; half as many once memory runs out.
        work: takes a batch and the place of its first picture.

    Raises:
        MemoryError, RuntimeError: what the work raised; memory did not suffice for one alone.
    """
    done = 0
    while done < len(parts):
        batch = parts[done : done + together]
        try:
            results = work(torch.cat(list(batch)), done)
        except (MemoryError, RuntimeError) as error:
            if len(batch) == 1 or not is_out_of_memory(error):
                raise
            results = None
        if results is None:  # only now does nothing hold what the failed work had made
            together = len(batch) // 2
            free_unused()
        else:
            yield from results.split(1)
            done += len(batch)


def free_unused() -> None:
    """Give memory back that PyTorch keeps on a GPU in pieces too small."""
    if torch.cuda.is_initialized():
        torch.cuda.empty_cache()


def is_out_of_memory(error: Exception) -> bool:
    """Whether torch, on any device, or Python ran out of memory."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    texts = ("can't allocate memory", "not enough memory", "out of memory")
    return any(text in str(error) for text in texts)
