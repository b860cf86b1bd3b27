"""How much of a picture fits into memory at once."""

from math import isqrt

from hatsr.model import HATConfig

SHARE_OF_FREE = 0.6
"""Of the free memory, unless a budget is given."""
FIXED_BYTES = 160 * 10**6
"""Chunks of windows, blocks of the tail, packed weights of a common network."""
SMALLEST_TILE = 2
"""Windows along a side of the smallest tile, beside the overlap."""


def result_bytes(config: HATConfig, height: int, width: int) -> int:
    """Memory of the SR picture in float32, which is there whatever the tiles; LR pixels."""
    return 4 * config.channels * config.scale**2 * height * width


def bytes_per_pixel(config: HATConfig) -> int:
    """Memory per LR pixel of a tile while it is in the network.

    Features, residual, normed and squeezed maps, keys with values (2 C), in float32; pixel
    numbers of windows; LR and SR. Not all are there at once, but the kept heap does not make
    one's place out of the others' (measured: 4.6 kB for HAT x4, this gives 4.6).
    """
    squeezed = config.embed_dim // config.compress_ratio + 16 if config.cab else 0
    keys = 2 * config.embed_dim if config.ocab else 0
    maps = 1.1 * (3 * config.embed_dim + squeezed + keys)
    numbers = 8 * (2 + (config.overlap_size / config.window_size) ** 2 * config.ocab)
    return int(4 * (maps + config.channels * (1 + config.scale**2)) + numbers)


def largest_tile(config: HATConfig, budget: int) -> int:
    """Side of the largest square tile, LR pixels, that stays within `budget` bytes.

    Never less than a tile that can be run, whatever the budget.
    """
    area = max(0, budget - FIXED_BYTES) // bytes_per_pixel(config)
    return isqrt(area) // config.window_size * config.window_size


def smallest_tile(config: HATConfig, overlap: int) -> int:
    """Side of the smallest tile that is worth running, LR pixels."""
    return (-(-overlap // config.window_size) + SMALLEST_TILE) * config.window_size
