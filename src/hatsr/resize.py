"""MATLAB's bicubic `imresize`, the resizer behind every published super-resolution number.

Each axis is one banded matrix, applied as a few small dense blocks: a pass is a handful of
matrix products and gathers no pixels. torch serves tensors with a gradient or on a GPU, and is
never imported here.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from math import ceil, isfinite
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from jaxtyping import Float, Int

if TYPE_CHECKING:
    from torch import Tensor

Array = TypeVar("Array")
"""A numpy array or a torch tensor: the kind that goes in comes out."""

_BLOCK = 24
"""Output rows of a block: enough for a fast matrix product, few enough to waste little."""

_LARGEST_PRODUCT = 2**18
"""Multiply-adds of a matrix product that OpenBLAS does not yet share out among threads."""

_HALF = 0.5 + 1e-9
"""Added before truncation: a tie is a tie whatever the last bits of a sum say."""


@dataclass(frozen=True, slots=True)
class Block:
    """A run of output rows, the run of input rows it sees, and the weights between them."""

    rows: slice
    """Output rows that the block computes."""
    sees: slice
    """Input rows; the mirrored border is already folded into the weights."""
    weights: Float[np.ndarray, "q k"]
    """One row for each output row, in double precision; each sums to 1."""


Passes = Sequence[tuple[int, tuple[Block, ...]]]
"""Axis and blocks of the first pass and of the second."""


def imresize(
    picture: Array,
    scale: int | float | Fraction | None = None,
    *,
    size: tuple[int, int] | None = None,
) -> Array:
    """Resize as MATLAB's `imresize` does: cubic kernel with a = -0.5, widened when shrinking.

    A numpy array is a picture, `h w` or `h w c`; a torch tensor is `... h w`, channels first under
    any leading axes. The result has the same kind, dtype and device. uint8 is rounded half away
    from zero and clipped after each of the two passes, which gives MATLAB's files bit for bit;
    floating point is neither rounded nor clipped, and a tensor passes its gradient on.

    Args:
        picture: uint8 or floating point, sides of at least 1.
        scale: factor of both sides, above 0; a side becomes `ceil(side * scale)`.
        size: (height, width) of the result, instead of `scale`.

    Raises:
        ValueError: another kind or dtype, an empty picture, both or neither of `scale` and `size`.
    """
    torch = sys.modules.get("torch")
    is_tensor = torch is not None and isinstance(picture, torch.Tensor)
    if not (is_tensor or isinstance(picture, np.ndarray)):
        raise ValueError(f"picture must be a numpy array or a tensor, got {type(picture).__name__}")
    pixels: Any = picture
    sides = tuple(pixels.shape[-2:] if is_tensor else pixels.shape[:2])
    _check(pixels, sides, most_axes=None if is_tensor else 3)
    passes = _passes(sides, _targets(sides, scale, size))
    resized: Any = _resize_tensor(pixels, passes) if is_tensor else _resize_array(pixels, passes)
    return resized


def _passes(sides: tuple[int, ...], targets: Sequence[tuple[int, float]]) -> Passes:
    """The axis with the smaller scale goes first; at a tie, height."""
    order = sorted((0, 1), key=lambda axis: targets[axis][1])
    return [(axis, _blocks(sides[axis], *targets[axis])) for axis in order]


def _resize_array(picture: np.ndarray, passes: Passes) -> np.ndarray:
    for axis, blocks in passes:
        picture = _array_axis(picture, axis, blocks)
    return picture


def _resize_tensor(picture: Tensor, passes: Passes) -> Tensor:
    """Any tensor by torch; 8 bit on the CPU plane by plane as arrays, which is faster there."""
    import torch

    if picture.dtype == torch.uint8 and picture.device.type == "cpu":
        planes = picture.reshape(-1, *picture.shape[-2:]).numpy()
        out = torch.from_numpy(np.stack([_resize_array(plane, passes) for plane in planes]))
        return out.reshape(*picture.shape[:-2], *out.shape[-2:])
    for axis, blocks in passes:
        picture = _tensor_axis(picture, axis, blocks)
    return picture


def _check(pixels: Any, sides: tuple[int, ...], most_axes: int | None) -> None:
    dtype = str(pixels.dtype).removeprefix("torch.")
    if dtype != "uint8" and "float" not in dtype:
        raise ValueError(f"picture must be uint8 or floating point, got {dtype}")
    if len(sides) != 2 or min(sides) < 1 or pixels.ndim > (most_axes or pixels.ndim):
        raise ValueError(
            "picture must be an array h w or h w c or a tensor ... h w with sides of at least 1, "
            f"got shape {tuple(pixels.shape)}"
        )


def _targets(
    sides: tuple[int, ...], scale: int | float | Fraction | None, size: tuple[int, int] | None
) -> tuple[tuple[int, float], tuple[int, float]]:
    """Output side and scale, of height and of width."""
    if size is not None and scale is None:
        if min(size) < 1:
            raise ValueError(f"size must be at least 1 x 1, got {size[0]} x {size[1]}")
        return (size[0], size[0] / sides[0]), (size[1], size[1] / sides[1])
    if scale is None or size is not None:
        raise ValueError(f"either scale or size must be given, got scale {scale} and size {size}")
    if not (isfinite(scale) and scale > 0):
        raise ValueError(f"scale must be a finite number above 0, got {scale}")
    return (ceil(sides[0] * scale), float(scale)), (ceil(sides[1] * scale), float(scale))


def _cubic(x: Float[np.ndarray, "q taps"]) -> Float[np.ndarray, "q taps"]:
    """Keys' cubic convolution kernel with a = -0.5; zero from 2 on."""
    x = np.abs(x)
    near = (1.5 * x - 2.5) * x**2 + 1
    far = ((-0.5 * x + 2.5) * x - 4) * x + 2
    return np.where(x <= 1, near, np.where(x < 2, far, 0.0))


def _taps(
    side: int, target: int, scale: float
) -> tuple[Float[np.ndarray, "q taps"], Int[np.ndarray, "q taps"]]:
    """Weights and input rows of every output row, the border mirrored with the edge repeated."""
    shrink = min(scale, 1.0)
    width = 4 / shrink
    centre = np.arange(1, target + 1)[:, None] / scale + 0.5 * (1 - 1 / scale)  # 1-based
    row = np.floor(centre - width / 2) + np.arange(ceil(width) + 2)
    weights = _cubic(shrink * (centre - row))
    row = (row.astype(np.int64) - 1) % (2 * side)
    return weights / weights.sum(1, keepdims=True), np.minimum(row, 2 * side - 1 - row)


@lru_cache(maxsize=64)
def _blocks(side: int, target: int, scale: float) -> tuple[Block, ...]:
    """The banded matrix from `side` rows to `target` rows, cut into dense blocks."""
    weights, seen = _taps(side, target, scale)
    seen = np.where(weights == 0, seen[:, seen.shape[1] // 2, None], seen)  # no wider than needed
    blocks = []
    for first in range(0, target, _BLOCK):
        rows = slice(first, min(first + _BLOCK, target))
        sees = slice(int(seen[rows].min()), int(seen[rows].max()) + 1)
        dense = np.zeros((rows.stop - rows.start, sees.stop - sees.start))
        np.add.at(dense, (np.arange(len(dense))[:, None], seen[rows] - sees.start), weights[rows])
        blocks.append(Block(rows, sees, dense))
    return tuple(blocks)


def _adds_exactly(blocks: Sequence[Block]) -> bool:
    """Whether float32 adds 8-bit values without error: weights of few binary digits, as at 1/4."""
    scaled = [block.weights * 2**15 for block in blocks]
    whole = all(np.array_equal(each, np.rint(each)) for each in scaled)
    return whole and max(float(np.abs(each).sum(1).max()) for each in scaled) * 255 < 2**24


def _array_axis(picture: np.ndarray, axis: int, blocks: Sequence[Block]) -> np.ndarray:
    """One pass over an array, along height (axis 0) or width (axis 1).

    Every block works in the same two buffers: fresh ones cost more than the product itself.
    """
    rounds = picture.dtype == np.uint8
    exact = np.float32 if _adds_exactly(blocks) else np.float64
    working = exact if rounds else np.promote_types(picture.dtype, np.float32)
    shape = list(picture.shape)
    shape[axis] = blocks[-1].rows.stop
    out = np.empty(shape, picture.dtype)
    flat_in, flat_out = picture.reshape(len(picture), -1), out.reshape(len(out), -1)
    channels = int(np.prod(shape[2:]))
    across = flat_in.shape[1] if axis == 0 else len(flat_in) * channels
    seen_room = np.empty(max(block.weights.shape[1] for block in blocks) * across, working)
    band_room = np.empty(_BLOCK * across, working)
    for block in blocks:
        if axis == 0:
            source, place = flat_in[block.sees], flat_out[block.rows]
            weights = block.weights.astype(working)
        else:
            source = flat_in[:, _times(block.sees, channels)]
            place = flat_out[:, _times(block.rows, channels)]
            weights = _spread(block.weights.astype(working), channels)
        seen = seen_room[: source.size].reshape(source.shape)
        band = band_room[: place.size].reshape(place.shape)
        seen[...] = source
        _multiply(*((weights, seen) if axis == 0 else (seen, weights)), band)
        if rounds:
            band += _HALF
            np.clip(band, 0, 255, out=band)
        place[...] = band
    return out


def _multiply(
    left: Float[np.ndarray, "h k"], right: Float[np.ndarray, "k w"], out: np.ndarray
) -> None:
    """The product of two matrices, in parts that NumPy leaves to this thread.

    Others would be busy waiting for the next product long after it, where networks run.
    """
    (height, depth), width = left.shape, right.shape[1]
    if height > width:
        step = max(1, _LARGEST_PRODUCT // (depth * width))
        for first in range(0, height, step):
            rows = slice(first, first + step)
            np.matmul(left[rows], right, out=out[rows])
        return
    step = max(1, _LARGEST_PRODUCT // (depth * height))
    for first in range(0, width, step):
        columns = slice(first, first + step)
        np.matmul(left, right[:, columns], out=out[:, columns])


def _spread(
    weights: Float[np.ndarray, "q k"], channels: int
) -> Float[np.ndarray, "{channels}*k {channels}*q"]:
    """The transposed weights for rows of `w c`: every channel sees its own kind alone."""
    rows, sees = weights.shape
    spread = np.zeros((sees, channels, rows, channels), weights.dtype)
    each = np.arange(channels)
    spread[:, each, :, each] = weights.T
    return spread.reshape(sees * channels, rows * channels)


def _times(run: slice, channels: int) -> slice:
    return slice(run.start * channels, run.stop * channels)


def _tensor_axis(picture: Tensor, axis: int, blocks: Sequence[Block]) -> Tensor:
    """One pass over a tensor, along height (axis 0) or width (axis 1) of its last two axes."""
    import torch

    rounds = picture.dtype == torch.uint8
    exact = torch.float32 if _adds_exactly(blocks) else torch.float64
    working = exact if rounds else torch.promote_types(picture.dtype, torch.float32)
    lead, (height, width) = picture.shape[:-2], picture.shape[-2:]
    flat = picture.reshape((-1, height, width) if axis == 0 else (-1, width)).to(working)
    bands = []
    for block in blocks:
        weights = torch.as_tensor(block.weights, dtype=working, device=picture.device)
        seen = flat[:, block.sees]
        band = weights @ seen if axis == 0 else seen @ weights.T
        bands.append(band.add_(_HALF).clamp_(0, 255).to(picture.dtype) if rounds else band)
    out = torch.cat(bands, dim=1).to(picture.dtype)
    return out.reshape(*lead, -1, width) if axis == 0 else out.reshape(*lead, height, -1)
