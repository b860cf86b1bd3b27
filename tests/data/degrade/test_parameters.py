"""The published values, and messages for impossible ones."""

from collections.abc import Callable

import pytest

from hatsr.data.degrade import Degradation
from hatsr.data.degrade.parameters import Blur, Jpeg, Noise, Resize


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Blur(probability=1.5), r"probability must lie in 0 \.\. 1, got 1\.5"),
        (lambda: Blur(sigma=(0.0, 1.0)), r"sigma must be two rising numbers above 0"),
        (lambda: Blur(sizes=(7, 20)), r"sizes must be odd, got \(7, 20\)"),
        (lambda: Blur(shapes=()), "shapes must have weights of at least 0, one above"),
        (lambda: Blur(shapes=(("isotropic", 0.0),)), "shapes must have weights"),
        (lambda: Blur(generalised=(2.0, 1.0)), "generalised must be two rising numbers"),
        (lambda: Resize(up=0.0, down=0.0, keep=0.0), "resize must have weights"),
        (lambda: Resize(factors=(1.2, 1.5)), "factors must lie about 1"),
        (lambda: Noise(sigma=(5.0, 2.0)), r"sigma must be two rising numbers at least 0"),
        (lambda: Noise(skew=0.0), "skew must be above 0, got 0"),
        (lambda: Jpeg(quality=(0, 20)), r"quality must lie in 1 \.\. 100, got \(0, 20\)"),
        (lambda: Jpeg(quality=(20, 101)), r"quality must lie in 1 \.\. 100"),
        (lambda: Degradation(clean=0.6, second_order=0.6), "must add up to at most 1, got 0.6"),
        (lambda: Degradation(final_sinc=-0.1), "final_sinc must lie in 0"),
    ],
)
def test_messages(make: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()
