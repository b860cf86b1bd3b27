"""The eight flips and right-angle rotations of a picture."""

import numpy as np

VARIANTS = 8


def dihedral(picture: np.ndarray, variant: int) -> np.ndarray:
    """One of the eight symmetries of a square, as a view of an h w c array.

    Bit 0 mirrors left and right, bit 1 top and bottom, bit 2 swaps height and width; their
    products are the flips and the rotations by 90, 180 and 270 degrees.
    """
    if variant & 1:
        picture = picture[:, ::-1]
    if variant & 2:
        picture = picture[::-1]
    return picture.swapaxes(0, 1) if variant & 4 else picture
