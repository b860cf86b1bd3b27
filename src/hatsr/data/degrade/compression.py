"""JPEG by the real codec."""

import io

import numpy as np
import torch
from jaxtyping import Float, UInt8
from PIL import Image
from torch import Tensor

from hatsr import image
from hatsr.data.degrade.keys import Key
from hatsr.data.degrade.parameters import ChromaSubsampling, Jpeg

_SUBSAMPLING = {"4:4:4": 0, "4:2:2": 1, "4:2:0": 2}


def compress(
    rgb: UInt8[np.ndarray, "h w 3"], quality: int, sampling: ChromaSubsampling
) -> UInt8[np.ndarray, "h w 3"]:
    """What is left of an 8-bit picture after a JPEG file.

    Args:
        rgb: the picture.
        quality: 1 .. 100, as Pillow and libjpeg count.
        sampling: of the chroma.
    """
    file = io.BytesIO()
    picture = Image.fromarray(rgb)
    picture.save(file, "JPEG", quality=quality, subsampling=_SUBSAMPLING[sampling])
    return np.asarray(Image.open(file))


def real_jpeg(
    picture: Float[Tensor, "3 h w"], quality: int, sampling: ChromaSubsampling
) -> Float[Tensor, "3 h w"]:
    """A picture in [0, 1] rounded to 8 bit and by way of a JPEG file; no gradient passes."""
    return to_tensor(compress(to_codes(picture), quality, sampling)).to(picture)


def random_jpeg(picture: Float[Tensor, "3 h w"], jpeg: Jpeg, key: Key) -> Float[Tensor, "3 h w"]:
    """The picture compressed as drawn for the key, or as it is."""
    whether, quality, sampling = key.fork(3)
    if whether.uniform() >= jpeg.probability:
        return picture
    low, high = jpeg.quality
    drawn = low + int(quality.uniform(0, high - low + 1))
    return real_jpeg(picture, drawn, sampling.choose(jpeg.samplings))


def to_codes(picture: Float[Tensor, "3 h w"]) -> UInt8[np.ndarray, "h w 3"]:
    """A picture in [0, 1] clamped and rounded to 8 bit."""
    return image.to_codes(picture.detach().permute(1, 2, 0).cpu().numpy())


def to_tensor(rgb: UInt8[np.ndarray, "h w 3"]) -> Float[Tensor, "3 h w"]:
    """8 bit to [0, 1], in double precision."""
    return torch.from_numpy(np.ascontiguousarray(rgb.transpose(2, 0, 1))).double() / 255
