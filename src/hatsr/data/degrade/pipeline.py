"""LR from HR by a degradation: a pure function of the pictures, the parameters and a key."""

import numpy as np
from jaxtyping import Float, UInt8
from torch import Tensor

from hatsr.data.degrade.blur import convolve, draw_final_sinc, random_blur
from hatsr.data.degrade.compression import random_jpeg, to_codes, to_tensor
from hatsr.data.degrade.keys import Key
from hatsr.data.degrade.noise import random_noise
from hatsr.data.degrade.parameters import Degradation, Round
from hatsr.data.degrade.resampling import random_resize, resize_back
from hatsr.data.degrade.sharpen import sharpen
from hatsr.data.pictures import downsample
from hatsr.image import Codes

HRCodes = UInt8[np.ndarray, "sr_h sr_w 3"]
_BLOCK = 16
"""Side of the blocks that JPEG with 4:2:0 works on."""
_MARGIN = 8
"""LR pixels about a patch that are degraded with it, so that no border shows in it."""


def degrade(lr: Codes, hr: HRCodes, model: Degradation, key: Key) -> Codes:
    """LR of an HR picture.

    Args:
        lr: the picture's clean LR.
        hr: the picture, of a multiple of the size of LR.
        model: the degradation.
        key: of all that is random.
    """
    way_key, own = key.fork(2)
    ways = (
        ("clean", model.clean),
        ("second-order", model.second_order),
        ("mild", 1 - model.clean - model.second_order),
    )
    way = way_key.choose(ways)
    if way == "clean":
        return lr
    size = (lr.shape[0], lr.shape[1])
    if way == "second-order":
        return to_codes(second_order(to_tensor(hr), size, model, own))
    return to_codes(mild(to_tensor(lr), model.mild, own))


def mild(picture: Float[Tensor, "3 h w"], steps: Round, key: Key) -> Float[Tensor, "3 h w"]:
    """One round on a picture in [0, 1]; the size is restored before the JPEG."""
    blurring, back, jpeg = key.fork(3)
    height, width = picture.shape[-2:]
    degraded = _blur_resize_noise(picture, steps, (height, width), blurring)
    return random_jpeg(resize_back(degraded, (height, width), back), steps.jpeg, jpeg)


def second_order(
    hr: Float[Tensor, "3 sr_h sr_w"], size: tuple[int, int], model: Degradation, key: Key
) -> Float[Tensor, "3 h w"]:
    """Two rounds; at the end JPEG and, in either order, resizing to LR with a sinc filter.

    Args:
        hr: in [0, 1].
        size: height and width of LR.
        model: both rounds, and how often there is a final sinc filter.
        key: of all that is random.
    """
    first, first_jpeg, second, second_jpeg, order, back, whether, sinc = key.fork(8)
    height, width = hr.shape[-2:]
    once = _blur_resize_noise(hr, model.first, (height, width), first)
    once = random_jpeg(once, model.first.jpeg, first_jpeg)
    twice = _blur_resize_noise(once, model.second, size, second)

    def finish(picture: Float[Tensor, "3 now_h now_w"]) -> Float[Tensor, "3 h w"]:
        lr = resize_back(picture, size, back)
        return convolve(lr, draw_final_sinc(sinc)) if whether.uniform() < model.final_sinc else lr

    if order.uniform() < 0.5:
        return random_jpeg(finish(twice), model.second.jpeg, second_jpeg)
    return finish(random_jpeg(twice, model.second.jpeg, second_jpeg))


def _blur_resize_noise(
    picture: Float[Tensor, "3 now_h now_w"], steps: Round, base: tuple[int, int], key: Key
) -> Float[Tensor, "3 next_h next_w"]:
    """Blur, resize relative to a base size, noise."""
    blur, resize, noise = key.fork(3)
    blurred = random_blur(picture, steps.blur, blur)
    return random_noise(random_resize(blurred, steps.resize, base, resize), steps.noise, noise)


def degrade_patch(
    pair: tuple[Codes, HRCodes], at: tuple[int, int], side: int, model: Degradation, key: Key
) -> tuple[UInt8[np.ndarray, "side side 3"], UInt8[np.ndarray, "sr_side sr_side 3"]]:
    """A square of degraded LR with its HR; blocks of JPEG lie as they would in the whole picture.

    Args:
        pair: the whole clean LR, and the whole HR of a multiple of its size.
        at: top and left of the square, LR pixels.
        side: of the square, LR pixels.
        model: the degradation; if it sharpens, HR is sharpened.
        key: of all that is random.
    """
    lr, hr = pair
    scale = hr.shape[0] // lr.shape[0]
    starts = [max(0, (start - _MARGIN) // _BLOCK * _BLOCK) for start in at]
    stops = [
        min(end, -(-(start + side + _MARGIN) // _BLOCK) * _BLOCK)
        for start, end in zip(at, lr.shape[:2], strict=True)
    ]
    lr, hr = (_square(picture, starts, stops, by) for picture, by in ((lr, 1), (hr, scale)))
    if model.sharpen:
        hr = to_codes(sharpen(to_tensor(hr)))
        lr = downsample(hr, scale)
    first = [inner - outer for inner, outer in zip(at, starts, strict=True)]
    last = [place + side for place in first]
    return _square(degrade(lr, hr, model, key), first, last), _square(hr, first, last, scale)


def _square(
    picture: Codes, starts: list[int], stops: list[int], by: int = 1
) -> UInt8[np.ndarray, "part_h part_w 3"]:
    """What lies between two corners, their places times a factor."""
    rows, cols = (slice(by * a, by * b) for a, b in zip(starts, stops, strict=True))
    return picture[rows, cols]
