"""What LAM attributes: the strength of edges in a patch of the SR picture."""

from typing import Literal

from jaxtyping import Float
from torch import Tensor

LamMode = Literal["robust", "reference"]
"""reference: LAM to the letter; robust: its root has a gradient everywhere."""
_EPSILON = 1e-12
"""Under the root in robust mode: differences far below 1e-6 count as none."""
PatchCorner = tuple[int, int]
"""Row and column of a patch's upper left corner, in SR pixels."""


def check_patch(patch: PatchCorner, patch_size: int, height: int, width: int) -> None:
    """Raise ValueError unless the patch lies inside an SR picture of this size."""
    (y, x), last = patch, (height - patch_size, width - patch_size)
    if min(last) < 0:
        raise ValueError(
            f"patch_size must be at most the SR picture's {height} x {width}, got {patch_size}; "
            "choose a smaller one"
        )
    if not (0 <= y <= last[0] and 0 <= x <= last[1]):
        raise ValueError(
            f"patch must begin at rows 0 to {last[0]} and columns 0 to {last[1]} (SR pixels; "
            f"the picture is {height} x {width}, the patch {patch_size}), got row {y}, column {x}"
        )


def edge_strength(
    sr: Float[Tensor, "b c sr_h sr_w"], patch: PatchCorner, patch_size: int, mode: LamMode
) -> Float[Tensor, " b"]:
    """Sum of sqrt(dh^2 + dw^2) over the patch and all channels.

    dh and dw are differences to the next row and column; positions of the last row and column
    of the picture have none and are left out.

    Args:
        sr: raw output of a network.
        patch: upper left corner.
        patch_size: side of the patch, SR pixels.
        mode: "reference" takes the root over the whole picture and then cuts the patch, as LAM
            does: its gradient is not a number wherever dh = dw = 0, in the patch or not.
            "robust" cuts first and adds 1e-12 under the root.
    """
    y, x = patch
    if mode == "reference":
        edges = _edges(sr, 0.0)[:, :, y : y + patch_size, x : x + patch_size]
    else:
        edges = _edges(sr[:, :, y : y + patch_size + 1, x : x + patch_size + 1], _EPSILON)
    return edges.sum(dim=(1, 2, 3))


def _edges(
    sr: Float[Tensor, "b c sr_h sr_w"], epsilon: float
) -> Float[Tensor, "b c edge_h edge_w"]:
    here = sr[:, :, :-1, :-1]
    dh, dw = here - sr[:, :, 1:, :-1], here - sr[:, :, :-1, 1:]
    return (dh**2 + dw**2 + epsilon).sqrt()
