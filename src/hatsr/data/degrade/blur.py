"""Blur kernels and filtering with them."""

from math import cos, pi, sin

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import pad

from hatsr.data.degrade.keys import Key
from hatsr.data.degrade.parameters import Blur, Range, Shape

Kernel = Float[Tensor, "side side"]
_LARGE = 13
"""Sinc kernels from this side on may cut lower."""


def elliptic_kernel(
    size: int,
    sigmas: tuple[float, float],
    angle: float = 0.0,
    beta: float = 1.0,
    plateau: bool = False,
) -> Kernel:
    """A Gaussian kernel, its generalised form, or one with a plateau; in double precision.

    With q the squared distance from the middle in units of sigma, a generalised kernel is
    exp(-q^beta / 2) and a plateau kernel 1 / (1 + q^beta), normalised.

    Args:
        size: side, odd, pixels.
        sigmas: standard deviation along the two axes of the ellipse, pixels.
        angle: from the width axis to the first axis of the ellipse, radians.
        beta: exponent; 1 is the Gaussian.
        plateau: the plateau form.
    """
    h, w = _grid(size)
    along = w * cos(angle) + h * sin(angle)
    across = h * cos(angle) - w * sin(angle)
    q = ((along / sigmas[0]) ** 2 + (across / sigmas[1]) ** 2) ** beta
    kernel = 1 / (1 + q) if plateau else torch.exp(-q / 2)
    return kernel / kernel.sum()


def sinc_kernel(size: int, cutoff: float) -> Kernel:
    """A circular low-pass filter, cut off at `size`: it rings as over-sharpened pictures do.

    Args:
        size: side, odd, pixels.
        cutoff: radians a pixel, up to pi.
    """
    h, w = _grid(size)
    radius = torch.hypot(h, w)
    middle = radius == 0
    safe = torch.where(middle, 1.0, radius)
    kernel = cutoff * torch.special.bessel_j1(cutoff * safe) / (2 * pi * safe)
    kernel = torch.where(middle, cutoff**2 / (4 * pi), kernel)
    return kernel / kernel.sum()


def _grid(size: int) -> tuple[Tensor, Tensor]:
    place = torch.arange(size, dtype=torch.float64) - size // 2
    return place[:, None], place[None]


def convolve(picture: Float[Tensor, "c h w"], kernel: Kernel) -> Float[Tensor, "c h w"]:
    """The picture filtered, its border mirrored, by way of Fourier transforms.

    Sides too small to be mirrored repeat their border.
    """
    reach = kernel.shape[0] // 2
    height, width = picture.shape[-2:]
    mode = "reflect" if min(height, width) > reach else "replicate"
    wide = pad(picture[None], (reach,) * 4, mode=mode)[0]
    sides = [_fast_side(side) for side in wide.shape[-2:]]
    spectrum = torch.fft.rfft2(kernel.to(picture), s=sides)
    full = torch.fft.irfft2(torch.fft.rfft2(wide, s=sides) * spectrum, s=sides)
    return full[:, 2 * reach : 2 * reach + height, 2 * reach : 2 * reach + width]


def _fast_side(side: int) -> int:
    """The next multiple of 16 or so: transforms of prime lengths are slow."""
    return -(-side // 16) * 16


def random_blur(picture: Float[Tensor, "c h w"], blur: Blur, key: Key) -> Float[Tensor, "c h w"]:
    """The picture filtered by a kernel drawn for the key, or as it is."""
    whether, which = key.fork(2)
    if whether.uniform() >= blur.probability:
        return picture
    return convolve(picture, draw_kernel(blur, which))


def draw_kernel(blur: Blur, key: Key) -> Kernel:
    """A kernel as the parameters say."""
    size_key, kind, cut, shape_key, *rest = key.fork(9)
    size = _odd_between(*blur.sizes, size_key)
    if kind.uniform() < blur.sinc:
        return sinc_kernel(size, cut.uniform(pi / 3 if size < _LARGE else pi / 5, pi))
    shape = shape_key.choose(blur.shapes)
    first, second = (each.uniform(*blur.sigma) for each in rest[:2])
    angle = rest[2].uniform(-pi, pi)
    sigmas = (first, second) if shape.endswith("anisotropic") else (first, first)
    return elliptic_kernel(size, sigmas, angle, _beta(shape, blur, *rest[3:]), "plateau" in shape)


def _beta(shape: Shape, blur: Blur, half: Key, within: Key) -> float:
    """The exponent: below 1 and above it equally often."""
    ends: Range = {"generalised": blur.generalised, "plateau": blur.plateau}.get(
        shape.partition("-")[0], (1.0, 1.0)
    )
    low, high = (ends[0], 1.0) if half.uniform() < 0.5 else (1.0, ends[1])
    return within.uniform(low, high)


def draw_final_sinc(key: Key, sizes: tuple[int, int] = (7, 21)) -> Kernel:
    """The sinc filter that ends the second-order model."""
    size, cut = key.fork(2)
    return sinc_kernel(_odd_between(*sizes, size), cut.uniform(pi / 3, pi))


def _odd_between(low: int, high: int, key: Key) -> int:
    return low + 2 * int(key.uniform(0, (high - low) // 2 + 1))
