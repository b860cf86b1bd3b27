"""Patches of a picture, their like in a smaller one, and pictures put together from patches.

Patches are 3 x 3 at every second pixel; zeros are added below and to the right where the last
would not fit. Pure functions, for IGNN.
"""

import torch
from einops import rearrange
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.functional import fold, pad, unfold

SIDE, STRIDE = 3, 2
_PATCHES_AT_ONCE = 1024
"""Patches that are looked up at a time."""


def missing(length: int) -> int:
    """Pixels by which a side is too short for its last patch."""
    return (SIDE - length) % STRIDE


def patch_counts(x: Float[Tensor, "b c h w"]) -> tuple[int, int]:
    """Patches along the height and the width, each at least 3 pixels."""
    rows, cols = ((side + missing(side) - SIDE) // STRIDE + 1 for side in x.shape[2:])
    return rows, cols


def to_patches(x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b cyx n"]:
    """Cut: channels, rows and columns of each patch, in this order."""
    return unfold(pad(x, (0, missing(x.shape[3]), 0, missing(x.shape[2]))), SIDE, stride=STRIDE)


def from_patches(
    patches: Float[Tensor, "b cyx n"], height: int, width: int, scale: int
) -> Float[Tensor, "b c sr_h sr_w"]:
    """Put patches `scale` times as large together; where they overlap, their mean counts."""
    padded = tuple((side + missing(side)) * scale for side in (height, width))
    side, stride = SIDE * scale, STRIDE * scale
    ones = patches.new_ones(1, side**2, patches.shape[2])
    together = fold(patches, padded, side, stride=stride) / fold(ones, padded, side, stride=stride)
    return together[:, :, : height * scale, : width * scale]


def window_candidates(
    counts: tuple[int, int], smaller: tuple[int, int], window: int, scale: int
) -> Int[Tensor, "m o"] | None:
    """Of each patch of a picture, numbers of those near its place in the smaller picture.

    Args:
        counts: patches along the height and the width of the picture.
        smaller: of the smaller picture.
        window: side of the square of patches that are near.
        scale: between the two pictures.

    Returns:
        None: all of them, since none is further than the window reaches.
    """
    if window >= max(smaller):
        return None
    window = min(window, *smaller)
    top, left = (
        (torch.arange(count) // 2 - window // scale).clamp(0, most - window)
        for count, most in zip(counts, smaller, strict=True)
    )
    offset = torch.arange(window)
    y = top[:, None, None, None] + offset[:, None]
    x = left[None, :, None, None] + offset
    return rearrange(y * smaller[1] + x, "i j y x -> (i j) (y x)")


def nearest(
    queries: Float[Tensor, "b m c"],
    keys: Float[Tensor, "b n c"],
    candidates: Int[Tensor, "m o"] | None,
    count: int,
) -> Int[Tensor, "b m k"]:
    """The nearest keys of each query by Euclidean distance, nearest first.

    Args:
        queries: patches.
        keys: what they are compared with.
        candidates: keys that each query is compared with; None: all.
        count: how many are wanted; there may be fewer keys.
    """
    squares = keys.square().sum(-1)[:, None]
    found = []
    for start in range(0, queries.shape[1], _PATCHES_AT_ONCE):
        part = queries[:, start : start + _PATCHES_AT_ONCE]
        distances = squares - 2 * part @ keys.transpose(1, 2)  # but for the query's own square
        near = None
        if candidates is not None:
            near = candidates[start : start + _PATCHES_AT_ONCE].to(queries.device)
            near = near.expand(len(part), -1, -1)
            distances = distances.gather(2, near)
        chosen = distances.topk(min(count, distances.shape[2]), largest=False).indices
        found.append(chosen if near is None else near.gather(2, chosen))
    return torch.cat(found, dim=1)


def take(patches: Float[Tensor, "b cyx n"], chosen: Int[Tensor, "b m"]) -> Float[Tensor, "b cyx m"]:
    """The chosen patches."""
    return patches.gather(2, chosen[:, None].expand(-1, patches.shape[1], -1))
