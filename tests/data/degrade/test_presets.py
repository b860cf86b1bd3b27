"""The named degradations: the published one, and ours."""

import pytest

from hatsr.data.degrade import PRESETS, preset
from hatsr.data.degrade.parameters import Jpeg, Resize


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


def test_unknown_presets_are_refused() -> None:
    with pytest.raises(ValueError, match="a degradation must be one of second-order"):
        preset("foto")


@pytest.mark.parametrize(
    ("name", "blur", "resize", "noise"),
    [
        ("second-order", True, True, True),
        ("jpeg", False, False, False),
        ("photo", True, False, True),
        ("scan", True, False, True),
        ("screenshot", False, True, False),
    ],
)
def test_each_has_only_the_steps_that_its_pictures_went_through(
    name: str, blur: bool, resize: bool, noise: bool
) -> None:
    model = PRESETS[name]
    one = model.first if name == "second-order" else model.mild
    resizes = one.resize.up + one.resize.down > 0
    found = one.blur.probability > 0, resizes, one.noise.probability > 0
    assert found == (blur, resize, noise)
    assert one.jpeg.probability > 0
    assert (model.clean + model.second_order < 1) == (name != "second-order")
