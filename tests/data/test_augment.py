"""Flips and turns."""

import numpy as np

from hatsr.data.augment import VARIANTS, dihedral


def test_dihedral_is_eight_symmetries() -> None:
    picture = np.arange(2 * 3 * 3).reshape(2, 3, 3)
    assert (
        len(
            {
                dihedral(picture, v).tobytes() + bytes(dihedral(picture, v).shape)
                for v in range(VARIANTS)
            }
        )
        == VARIANTS
    )
