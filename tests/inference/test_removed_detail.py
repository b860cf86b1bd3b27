import numpy as np
import pytest
import torch
from tests.inference.test_choosing import waves, with_noise

import hatsr
from hatsr.image import from_array
from hatsr.inference.removed_detail import removed_detail
from hatsr.inference.upscaler import Upscaler


@pytest.fixture(scope="module")
def real() -> Upscaler:
    return hatsr.load("hat-t-real-x4", device="cpu")


def test_more_is_removed_from_more_noise(real: Upscaler) -> None:
    clean, *noisy = (removed_detail(from_array(with_noise(s)).rgb, real) for s in (0, 5, 15))
    assert clean is not None
    assert clean < 0.15
    assert clean < noisy[0] < noisy[1]


def test_the_share_is_all_where_nothing_of_noise_remains() -> None:
    """A network that answers flat gray removes all; of white noise the Laplacian is 1.25 times.

    A pixel less the mean of four independent ones has 1 + 4 / 16 of the variance.
    """

    class Flat:
        def enlarge(self, lr: torch.Tensor) -> torch.Tensor:
            return torch.full((1, 3, 4 * lr.shape[2], 4 * lr.shape[3]), 0.5)

    gray = np.random.default_rng(0).normal(0.5, 0.1, (200, 200, 1)).astype(np.float32)
    found = removed_detail(gray.repeat(3, axis=2), Flat())  # type: ignore[arg-type]
    assert found == pytest.approx(0.1 / (0.1 * 1.25**0.5 + 1 / 255), rel=0.02)


def test_too_small_to_tell(real: Upscaler) -> None:
    assert removed_detail(from_array(waves()[:15]).rgb, real) is None
    assert removed_detail(from_array(waves()[:16, :16]).rgb, real) is not None
