"""What int8, or bf16 on a CPU, costs in quality, measured on a shipped picture before use."""

from collections.abc import Callable
from math import log10
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from hatsr import image
from hatsr.model import Network
from hatsr.resize import imresize

_MOST_LOSS = 0.05
"""Largest loss of PSNR on Y that is accepted, dB."""
_NEGLIGIBLE_LOSS = 0.005
"""Up to this loss bf16 is taken without being asked for, dB."""
_PICTURE = Path(__file__).with_name("calibration.jpg")  # NASA's, public domain; in no benchmark
_SIDE, _SMALL_SIDE = 64, 32  # of the LR, pixels; the small one before the first large picture
_LUMA = tuple(weight / 219 for weight in image.LUMA_WEIGHTS)
_ROUNDING = 1 / (12 * 255**2)  # mean squared error of 8-bit results

UpscaleTensor = Callable[[Float[Tensor, "1 rgb h w"]], Float[Tensor, "1 rgb sr_h sr_w"]]


def check_psnr_drop(
    model: Network, upscale: UpscaleTensor, name: str, precision: str = "int8"
) -> None:
    """Refuse a network that loses more than 0.05 dB of PSNR on Y.

    Args:
        model: in float32.
        upscale: the same in the precision.
        name: of the network, for the message.
        precision: its name.

    Raises:
        ValueError: it loses more; the message says how much.
    """
    found = loss(model, upscale)
    if not found <= _MOST_LOSS:
        raise ValueError(
            f"{precision} must cost at most {_MOST_LOSS} dB of PSNR, got {found:.2f} dB with "
            f"{name}; choose precision fp32"
        )


def is_negligible(network: Network, exact: UpscaleTensor, rounded: UpscaleTensor) -> bool:
    """Whether rounding costs a network so little that nobody need be asked: 0.005 dB at most.

    Args:
        network: its scale and channels count.
        exact: the network in float32.
        rounded: the same in the precision.
    """
    return _loss(network, exact, rounded, _SMALL_SIDE) <= _NEGLIGIBLE_LOSS


def loss(model: Network, upscale: UpscaleTensor) -> float:
    """PSNR of the network in float32 minus that of `upscale`, dB.

    Of Y, against the HR of a pair whose LR is the HR reduced by `imresize`; as many SR pixels as
    the scale are left out at each side. SR is not rounded to 8 bits, but what that costs on
    average is added to both errors.
    """
    return _loss(model, model.forward, upscale, _SIDE)


@torch.inference_mode()
def _loss(network: Network, exact: UpscaleTensor, other: UpscaleTensor, side: int) -> float:
    lr, hr = pair(network.scale, network.channels, side)
    errors = [_error(upscale(lr), hr, edge=network.scale) for upscale in (other, exact)]
    return 10 * log10(errors[0] / errors[1])


def pair(scale: int, channels: int, most: int = _SIDE) -> tuple[Tensor, Tensor]:
    """LR (1 rgb h w) and HR of the middle of the shipped picture, in [0, 1]; gray for one channel.

    LR has sides of at most `most`. With scale 1 both are the same.
    """
    picture = image.to_tensor(image.read(_PICTURE))
    if channels == 1:
        picture = luma(picture)
    side = min(most, min(picture.shape[-2:]) // scale) * scale
    top, left = ((n - side) // 2 for n in picture.shape[-2:])
    hr = picture[:, :, top : top + side, left : left + side]
    small = imresize(hr, size=(side // scale, side // scale))
    codes = image.to_codes(small.numpy())
    return torch.from_numpy(image.from_codes(codes, 255)), hr


def luma(rgb: Float[Tensor, "1 c h w"]) -> Float[Tensor, "1 1 h w"]:
    """Y of BT.601 in [0, 1]; gray is its own."""
    if rgb.shape[1] == 1:
        return rgb
    return (rgb * rgb.new_tensor(_LUMA)[:, None, None]).sum(1, keepdim=True)


def _error(sr: Float[Tensor, "1 c h w"], hr: Float[Tensor, "1 c h w"], edge: int) -> float:
    """Mean squared error of Y inside of an edge, with that of rounding."""
    difference = luma(sr.clamp(0, 1).double()) - luma(hr.double())
    return difference[:, :, edge:-edge, edge:-edge].square().mean().item() + _ROUNDING
