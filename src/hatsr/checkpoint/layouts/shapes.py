"""What the tensors of a file tell of a network: shapes and counts by name."""

import re
from collections.abc import Mapping
from math import prod

from torch import Tensor


def shape(tensors: Mapping[str, Tensor], name: str, dimensions: int) -> tuple[int, ...]:
    """The shape of a tensor that must be there with so many dimensions.

    Raises:
        ValueError: it is missing, empty or has another number of dimensions.
    """
    if name not in tensors:
        raise ValueError(f"the file must hold {name}, got a file without it; copy the whole file")
    found = tuple(tensors[name].shape)
    if len(found) != dimensions or 0 in found:
        raise ValueError(
            f"{name} must have {dimensions} dimensions, got shape {found}; copy the whole file"
        )
    return found


def count(tensors: Mapping[str, Tensor], pattern: str) -> int:
    """One more than the largest number that the pattern's group finds at the start of a name.

    Raises:
        ValueError: there are fewer tensors than that, so that no file could hold them all.
    """
    found = [int(m[1]) for name in tensors if (m := re.match(pattern, name))]
    largest = max(found, default=-1) + 1
    if largest > len(tensors):
        raise ValueError(
            f"the file must hold every block of the network, got {len(tensors)} tensors for "
            f"{largest} blocks; copy the whole file"
        )
    return largest


def shuffle_scale(tensors: Mapping[str, Tensor], pattern: str, width: int) -> int:
    """The enlargement that convolutions before pixel shuffles make together.

    Args:
        tensors: of the file.
        pattern: of the names of the convolutions' weights.
        width: of the features; each convolution makes 4 or 9 times as many.
    """
    names = [name for name in tensors if re.match(pattern, name)]
    times = [shape(tensors, name, 4)[0] // width for name in names]
    return prod(3 if factor == 9 else 2 for factor in times)
