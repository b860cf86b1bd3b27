"""JPEG in torch, on any device, with a gradient.

The steps, the integers between them and the borders are those of libjpeg, so that the picture
that comes out is that of Pillow but for a level in some pixels: libjpeg computes with fixed-point
numbers, which tips a coefficient now and then.
"""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from hatsr.data.degrade.parameters import ChromaSubsampling
from hatsr.image import jpeg_tables

Plane = Float[Tensor, "*b h w"]
Rounding = Callable[[Tensor], Tensor]
_FACTORS = {"4:4:4": (1, 1), "4:2:2": (1, 2), "4:2:0": (2, 2)}
"""Height and width of the pixels that share a chroma sample."""
_TO_YCC = ((19595, 38470, 7471), (-11059, -21709, 32768), (32768, -27439, -5329))
_TO_RGB = ((65536, 0, 91881), (65536, -22554, -46802), (65536, 116130, 0))
"""BT.601 in full range, in units of 2^-16 as libjpeg counts."""
_TIE = 2.0**-17
"""Taken from chroma: its ties are rounded down."""
_BETWEEN, _BEFORE = 1 / (4 * 8**0.5), 1 / 8
"""Units of the integers between two passes of the transform and before quantisation."""


def quantisation(quality: int) -> tuple[Float[Tensor, "8 8"], Float[Tensor, "8 8"]]:
    """The tables of luma and chroma at a quality, as libjpeg scales those of the standard.

    Raises:
        ValueError: quality outside 1 .. 100.
    """
    luma, chroma = (torch.from_numpy(table).double() for table in jpeg_tables(quality))
    return luma, chroma


def soft_jpeg(
    picture: Float[Tensor, "*b 3 h w"], quality: int, sampling: ChromaSubsampling
) -> Float[Tensor, "*b 3 h w"]:
    """Pictures by way of JPEG with a smooth function in place of rounding the coefficients.

    x becomes round(x) + (x - round(x))^3; nothing else is rounded.
    """
    return _by_jpeg(picture, quality, sampling, _soft_round, _as_is)


def differentiable_jpeg(
    picture: Float[Tensor, "*b 3 h w"], quality: int, sampling: ChromaSubsampling
) -> Float[Tensor, "*b 3 h w"]:
    """Pictures in [0, 1] as JPEG leaves them, with the gradient of `soft_jpeg`.

    Args:
        picture: in [0, 1]; rounded to 8 bit first.
        quality: 1 .. 100, as Pillow and libjpeg count.
        sampling: of the chroma.

    Raises:
        ValueError: quality outside 1 .. 100.
    """
    with torch.no_grad():
        hard = _by_jpeg(_half_up(picture * 255) / 255, quality, sampling, _half_away, _half_up)
    if not picture.requires_grad:
        return hard
    soft = soft_jpeg(picture, quality, sampling)
    return soft + (hard - soft).detach()


def _by_jpeg(
    picture: Tensor,
    quality: int,
    sampling: ChromaSubsampling,
    quantise: Rounding,
    round_integer: Rounding,
) -> Tensor:
    """The codec, with how coefficients and all other integers are rounded."""
    tables = [table.to(picture) for table in quantisation(quality)]
    factors = _FACTORS[sampling]
    height, width = picture.shape[-2:]
    levels = round_integer(_mix(picture.clamp(0, 1) * 255, _TO_YCC) + _offset(picture))
    luma, *chromas = levels.unbind(-3)
    planes = [_by_blocks(luma, tables[0], quantise, round_integer)]
    for chroma in chromas:
        small = _by_blocks(
            _shrink(chroma, factors, round_integer), tables[1], quantise, round_integer
        )
        planes.append(_enlarge(small, factors, round_integer)[..., :height, :width])
    rgb = _mix(torch.stack(planes, -3) - _offset(picture), _TO_RGB)
    return round_integer(rgb).clamp(0, 255) / 255


def _mix(picture: Tensor, weights: tuple[tuple[int, ...], ...]) -> Tensor:
    matrix = torch.tensor(weights, dtype=picture.dtype, device=picture.device) / 65536
    return torch.einsum("dc,...chw->...dhw", matrix, picture)


def _offset(picture: Tensor) -> Tensor:
    """Added so that chroma is positive: 128 less a tie for its two planes, 0 for luma."""
    offset = torch.tensor((0, 128 - _TIE, 128 - _TIE), dtype=picture.dtype, device=picture.device)
    return offset[:, None, None]


def _by_blocks(plane: Plane, table: Tensor, quantise: Rounding, round_integer: Rounding) -> Plane:
    """Every 8 x 8 block to rounded coefficients and back.

    Between the passes, and before they are divided, libjpeg keeps coefficients as integers of a
    finer unit.
    """
    height, width = plane.shape[-2:]
    basis, step = _cosines().to(plane), table[:, None]
    wide = _repeat_edge(plane, -height % 8, -width % 8)
    blocks = wide.unflatten(-1, (-1, 8)).unflatten(-3, (-1, 8)) - 128  # n y m x

    def finely(values: Tensor, unit: float) -> Tensor:
        return round_integer(values / unit) * unit

    rows = finely(torch.einsum("vx,...ynx->...ynv", basis, blocks), _BETWEEN)
    coefficients = finely(torch.einsum("uy,...ynv->...unv", basis, rows), _BEFORE)
    kept = quantise(coefficients / step) * step
    columns = finely(torch.einsum("uy,...unv->...ynv", basis, kept), _BETWEEN)
    back = torch.einsum("vx,...ynv->...ynx", basis, columns) + 128
    return round_integer(back.flatten(-2).flatten(-3, -2)).clamp(0, 255)[..., :height, :width]


def _cosines() -> Float[Tensor, "8 8"]:
    """The orthonormal cosine transform: frequency, place."""
    place = torch.arange(8, dtype=torch.float64)
    basis = torch.cos(place[:, None] * (2 * place + 1) * torch.pi / 16) / 2
    basis[0] /= 2**0.5
    return basis


def _shrink(
    plane: Plane, factors: tuple[int, int], round_integer: Rounding
) -> Float[Tensor, "*b small_h small_w"]:
    """Mean of the pixels that share a chroma sample; ties go down and up in turns.

    The right edge is repeated as far as blocks reach before, the lower one only to whole samples.
    """
    v, h = factors
    if h == 1:
        return plane
    height, width = plane.shape[-2:]
    wide = _repeat_edge(plane, -height % v, -width % (8 * h))
    mean = wide.unflatten(-1, (-1, h)).unflatten(-3, (-1, v)).mean((-3, -1))
    return round_integer(mean - _in_turns(mean))


def _enlarge(
    plane: Plane, factors: tuple[int, int], round_integer: Rounding
) -> Float[Tensor, "*b large_h large_w"]:
    """Three parts of the nearest sample, one of the next, along width and, for 4:2:0, height.

    Ties go down and up in turns, for 4:2:0 up and down.
    """
    v, h = factors
    if h == 1:
        return plane
    wide = _double(_double(plane, -2), -1) if v == 2 else _double(plane, -1)
    return round_integer(wide + _in_turns(wide) * (1 if v == 2 else -1))


def _double(plane: Plane, axis: int) -> Float[Tensor, "*b large_h large_w"]:
    """A plane of twice the length along an axis."""
    last = plane.shape[axis] - 1
    place = torch.arange(last + 1, device=plane.device)
    before = plane.index_select(axis, (place - 1).clamp(min=0))
    after = plane.index_select(axis, (place + 1).clamp(max=last))
    pair = torch.stack([3 * plane + before, 3 * plane + after], axis) / 4
    return pair.flatten(axis - 1, axis)


def _in_turns(plane: Plane) -> Float[Tensor, "w"]:
    """Of alternating sign by columns and smaller than half a step: it decides ties."""
    return (0.5 - torch.arange(plane.shape[-1], device=plane.device) % 2).to(plane) / 32


def _repeat_edge(plane: Plane, below: int, right: int) -> Float[Tensor, "*b large_h large_w"]:
    """The last row and column repeated."""
    rows = plane[..., -1:, :].expand(*plane.shape[:-2], below, plane.shape[-1])
    tall = torch.cat([plane, rows], -2)
    cols = tall[..., -1:].expand(*tall.shape[:-1], right)
    return torch.cat([tall, cols], -1)


def _as_is(values: Tensor) -> Tensor:
    return values


def _half_up(values: Tensor) -> Tensor:
    return torch.floor(values + 0.5)


def _half_away(values: Tensor) -> Tensor:
    return values.sign() * torch.floor(values.abs() + 0.5)


def _soft_round(values: Tensor) -> Tensor:
    whole = values.round()
    return whole + (values - whole) ** 3
