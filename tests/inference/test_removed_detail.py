import numpy as np
import pytest
import torch
from tests.inference.test_choosing import waves, with_noise

import hatsr
from hatsr.image import from_array
from hatsr.inference.removed_detail import removed_detail
from hatsr.inference.settings import Settings
from hatsr.inference.upscaler import Upscaler


@pytest.fixture(scope="module")
def real() -> Upscaler:
    return hatsr.load("hat-t-real-x4", device="cpu")


def test_more_is_removed_from_more_noise(real: Upscaler) -> None:
    found = [removed_detail(from_array(with_noise(sigma)).rgb, real) or 0 for sigma in (0, 5, 15)]
    assert 0 < found[0] < 0.15
    assert found[0] < found[1] < found[2]


class Flat(torch.nn.Module):
    """Answers gray, whatever it is given."""

    scale, channels, multiple = 4, 3, 1

    def forward(self, lr: torch.Tensor) -> torch.Tensor:
        return torch.full((len(lr), 3, *(4 * side for side in lr.shape[2:])), 0.5)


def test_the_share_where_all_noise_is_removed() -> None:
    """A pixel of white noise less the mean of its four neighbours has 5/4 of the variance."""
    flat = Upscaler(Flat(), "flat", Settings(device="cpu"))
    gray = np.random.default_rng(0).normal(0.5, 0.1, (200, 200, 1)).astype(np.float32)
    found = removed_detail(gray.repeat(3, axis=2), flat)
    assert found == pytest.approx(0.1 / (0.1 * 1.25**0.5 + 6 / 255), rel=0.02)


def test_too_small_to_tell(real: Upscaler) -> None:
    assert removed_detail(from_array(waves()[:15]).rgb, real) is None
    assert removed_detail(from_array(waves()[:16, :16]).rgb, real) is not None
