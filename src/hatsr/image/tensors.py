"""Picture <-> tensor."""

import numpy as np
import torch
from jaxtyping import Float, Float32
from torch import Tensor

from hatsr.image.alpha import bleed
from hatsr.image.picture import Picture


def to_tensor(picture: Picture) -> Float[Tensor, "1 3 h w"]:
    """The colour as a float32 tensor in [0, 1], ready to be enlarged.

    Under transparent pixels, colour continues that of the opaque ones (:func:`bleed`), so that
    enlarging mixes in nothing that was never to be seen.
    """
    rgb = picture.rgb if picture.alpha is None else bleed(picture.rgb, picture.alpha)
    return torch.from_numpy(np.array(rgb.transpose(2, 0, 1)[None], order="C"))


def alpha_to_tensor(picture: Picture) -> Float[Tensor, "1 3 h w"] | None:
    """The opacity as a gray picture; None when there is nothing to enlarge.

    That is: no alpha, or the same everywhere, which :func:`enlarged` fills in by itself.
    """
    alpha = picture.alpha
    if alpha is None or alpha.min() == alpha.max():
        return None
    return torch.from_numpy(np.array(np.broadcast_to(alpha, (1, 3, *alpha.shape)), order="C"))


def from_tensor(sr: Float[Tensor, "1 3 h w"]) -> Float32[np.ndarray, "h w 3"]:
    """The pixels of a tensor of any device and precision, as :func:`enlarged` takes them.

    A float32 tensor on the CPU is not copied.
    """
    return sr[0].detach().float().cpu().permute(1, 2, 0).numpy()
