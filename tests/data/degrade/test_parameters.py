"""The published values, and messages for impossible ones."""

from collections.abc import Callable

import pytest

from hatsr.data.degrade import PRESETS, Degradation, preset
from hatsr.data.degrade.parameters import Blur, Jpeg, Noise, Resize


def test_published_defaults() -> None:
    """Of the two option files (the same in both), written as they stand there."""
    model = preset("second-order")
    first, second = model.first, model.second
    weights = [weight for _, weight in first.blur.shapes]
    assert weights == [0.45, 0.25, 0.12, 0.03, 0.12, 0.03]
    assert second.blur.shapes == first.blur.shapes
    assert (first.blur.sinc, second.blur.sinc, model.final_sinc) == (0.1, 0.1, 0.8)
    assert (first.blur.sigma, second.blur.sigma) == ((0.2, 3.0), (0.2, 1.5))
    assert (first.blur.generalised, first.blur.plateau) == ((0.5, 4.0), (1.0, 2.0))
    assert (first.blur.probability, second.blur.probability) == (1.0, 0.8)
    assert first.resize == Resize(up=0.2, down=0.7, keep=0.1, factors=(0.15, 1.5))
    assert second.resize == Resize(up=0.3, down=0.4, keep=0.3, factors=(0.3, 1.2))
    assert (first.noise.gaussian, first.noise.gray) == (0.5, 0.4)
    assert (second.noise.gaussian, second.noise.gray) == (0.5, 0.4)
    assert (first.noise.sigma, second.noise.sigma) == ((1.0, 30.0), (1.0, 25.0))
    assert (first.noise.poisson, second.noise.poisson) == ((0.05, 3.0), (0.05, 2.5))
    assert first.jpeg == second.jpeg == Jpeg(quality=(30, 95), samplings=(("4:2:0", 1.0),))


def test_presets() -> None:
    assert set(PRESETS) == {"second-order", "jpeg", "photo", "scan", "screenshot"}
    assert (PRESETS["photo"].clean, PRESETS["photo"].second_order) == (0.15, 0.15)
    assert PRESETS["photo"].mild.jpeg.quality == (20, 95)
    with pytest.raises(ValueError, match=r"a degradation must be one of .*photo.*, got 'foto'"):
        preset("foto")


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
