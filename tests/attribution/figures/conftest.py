"""A picture and what LAM might have found in it."""

import numpy as np
import pytest
import torch

from hatsr.attribution.inputs import StudiedPicture
from hatsr.attribution.local_attribution import LamResult, LamSettings


@pytest.fixture
def picture() -> StudiedPicture:
    rng = np.random.default_rng(0)
    lr = torch.from_numpy(rng.random((1, 3, 6, 8), np.float32))
    return StudiedPicture(name="p.png", lr=lr, hr=rng.random((24, 32, 3)))


@pytest.fixture
def found() -> LamResult:
    """One pixel has it all."""
    share = np.zeros((6, 8))
    share[2, 5] = 1.0
    return LamResult(
        map=share,
        diffusion_index=2.08,
        patch=(4, 20),
        settings=LamSettings(patch_size=4, steps=9),
        completeness_error=0.0123,
        nan_steps=0,
        sr=np.random.default_rng(1).random((24, 32, 3)),
        model="net",
        quality=(31.456, 0.98765),
    )
