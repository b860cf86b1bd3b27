"""The pictures of a LAM figure as arrays: colours, blends, boxes, close-ups."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from PIL import Image

from hatsr.attribution.inputs import StudiedPicture
from hatsr.attribution.local_attribution import LamResult
from hatsr.attribution.objective import PatchCorner
from hatsr.attribution.spread import contribution_area
from hatsr.image import to_codes

Colours = Literal["seismic", "cividis", "viridis"]
"""seismic: LAM's white to red; the others can be read by the colour-blind and in gray."""

_CONTEXT = 4
"""Side of a close-up, in patches."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Panels:
    """Pictures of one attribution at SR size, in [0, 1]."""

    attribution: Float[ndarray, "sr_h sr_w 3"]
    """The map in colours."""
    attribution_over_lr: Float[ndarray, "sr_h sr_w 3"]
    """Half of it, half of the enlarged LR."""
    area: Float[ndarray, "sr_h sr_w 3"]
    """The map smoothed by a kernel density, in colours."""
    area_over_lr: Float[ndarray, "sr_h sr_w 3"]
    """Half of it, half of the enlarged LR."""


def paint(share: Float[ndarray, "h w"], colours: Colours) -> Float[ndarray, "h w 3"]:
    """Values in [0, 1] to RGB; seismic shows its upper half, seismic(0.5 share + 0.5)."""
    from matplotlib import colormaps  # an extra, and slow to import

    values = 0.5 * share + 0.5 if colours == "seismic" else share
    return colormaps[colours](values)[..., :3]


def resized(
    rgb: Float[ndarray, "h w 3"],
    height: int,
    width: int,
    how: Image.Resampling = Image.Resampling.BICUBIC,
) -> Float[ndarray, "new_h new_w 3"]:
    """Pillow's resizing of the 8-bit codes."""
    codes = Image.fromarray(to_codes(rgb)).resize((width, height), how)
    return np.asarray(codes, dtype=np.float64) / 255


def lr_rgb(picture: StudiedPicture) -> Float[ndarray, "h w 3"]:
    """The LR picture as an array."""
    return picture.lr[0].permute(1, 2, 0).cpu().numpy()


def panels(picture: StudiedPicture, result: LamResult, colours: Colours) -> Panels:
    """All panels of one attribution."""
    h, w = result.sr.shape[:2]
    lr = resized(lr_rgb(picture), h, w)
    points = resized(paint(result.map, colours), h, w)
    area = resized(paint(contribution_area(result.map), colours), h, w)
    return Panels(
        attribution=points,
        attribution_over_lr=(points + lr) / 2,
        area=area,
        area_over_lr=(area + lr) / 2,
    )


def close_up(size: tuple[int, int], patch: PatchCorner, patch_size: int) -> tuple[slice, slice]:
    """Rows and columns around a patch: four patches wide, moved and cut to the picture."""

    def around(start: int, length: int) -> slice:
        side = min(_CONTEXT * patch_size, length)
        first = min(max(start + patch_size // 2 - side // 2, 0), length - side)
        return slice(first, first + side)

    return around(patch[0], size[0]), around(patch[1], size[1])
