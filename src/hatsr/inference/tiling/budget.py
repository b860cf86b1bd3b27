"""How much of a picture fits into memory at once."""

from collections.abc import Callable

from hatsr.model import Network

SHARE_OF_FREE = 0.6
"""Share of the free memory that is used, unless a budget is given."""
FIXED_BYTES = 160 * 10**6
"""What a network takes whatever the picture: temporaries of fixed size, packed weights."""
_FULL = 2**19
"""LR pixels that keep any GPU busy: a larger batch takes memory and saves no time."""
TILE_BYTES = 10**9
"""What a tile takes at most: larger ones save next to no time, as little of them is overlap."""
_SMALLEST_TILE = 2
"""Windows (or whatever sides are multiples of) along the smallest tile, beside the overlap."""
_LEAST_SIDE = 8
"""LR pixels along the smallest tile at least, beside the overlap."""


def result_bytes(network: Network, height: int, width: int) -> int:
    """Memory of the SR picture in float32, which is there whatever the tiles; LR pixels."""
    return 4 * network.channels * network.scale**2 * height * width


def pictures_at_once(
    bytes_needed: Callable[[int, int], int], height: int, width: int, budget: int
) -> int:
    """Pictures of so many LR pixels that a GPU takes together; at least 1.

    Args:
        bytes_needed: memory of one; see `Runner`.
        height: of each.
        width: of each.
        budget: bytes.
    """
    fitting = budget // bytes_needed(height, width)
    return max(1, min(fitting, _FULL // (height * width)))


def largest_tile(bytes_needed: Callable[[int, int], int], multiple: int, budget: int) -> int:
    """Side of the largest square tile, LR pixels, that stays within `budget` bytes; 0: none.

    Args:
        bytes_needed: memory of a tile of so many rows and columns; see `Runner`.
        multiple: what sides are multiples of.
        budget: bytes.
    """

    def fits(units: int) -> bool:
        return bytes_needed(units * multiple, units * multiple) <= budget

    low, high = 0, 1
    while fits(high):
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low * multiple


def smallest_tile(multiple: int, overlap: int) -> int:
    """Side of the smallest tile that is worth running, LR pixels."""
    side = -(-_LEAST_SIDE // multiple)
    return (-(-overlap // multiple) + max(_SMALLEST_TILE, side)) * multiple
