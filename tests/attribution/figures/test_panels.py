"""The pictures of a LAM figure as numbers."""

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("matplotlib", reason="needs the extra figures")

from hatsr.attribution.figures.panels import close_up, lr_rgb, paint, panels, resized
from hatsr.attribution.spread import contribution_area


def test_seismic_is_white_where_nothing_is_and_dark_red_at_most() -> None:
    found = paint(np.array([[0.0, 0.5, 1.0]]), "seismic")[0]
    np.testing.assert_allclose(found[0], (1, 1, 1), atol=0.02)
    np.testing.assert_allclose(found[1], (1, 0, 0), atol=0.02)
    np.testing.assert_allclose(found[2], (0.5, 0, 0), atol=0.02)


@pytest.mark.parametrize("colours", ["cividis", "viridis"])
def test_other_colours_grow_brighter_all_the_way(colours) -> None:
    shades = paint(np.linspace(0, 1, 20)[None], colours)[0] @ (0.299, 0.587, 0.114)
    assert (np.diff(shades) > 0).all()


def test_enlarging_is_pillows_on_8_bit() -> None:
    rgb = np.random.default_rng(0).random((3, 4, 3))
    codes = Image.fromarray(np.rint(rgb * 255).astype(np.uint8))
    for how in (Image.Resampling.BICUBIC, Image.Resampling.NEAREST):
        expected = np.array(codes.resize((9, 7), how)) / 255
        np.testing.assert_allclose(resized(rgb, 7, 9, how), expected)
    assert resized(rgb, 7, 9).shape == (7, 9, 3)


def test_maps_over_lr_are_half_of_each(picture, found) -> None:
    shown = panels(picture, found, "seismic")
    lr = resized(lr_rgb(picture), 24, 32)
    np.testing.assert_array_equal(lr_rgb(picture)[1, 2], picture.lr[0, :, 1, 2])
    np.testing.assert_allclose(shown.attribution_over_lr, (shown.attribution + lr) / 2)
    np.testing.assert_allclose(shown.area_over_lr, (shown.area + lr) / 2)
    darkest = shown.attribution.sum(2)
    row, column = np.unravel_index(darkest.argmin(), darkest.shape)
    assert (row // 4, column // 4) == (2, 5)
    area = resized(paint(contribution_area(found.map), "seismic"), 24, 32)
    np.testing.assert_allclose(shown.area, area)


@pytest.mark.parametrize(
    ("size", "patch", "rows", "columns"),
    [
        ((100, 80), (40, 40), (34, 50), (34, 50)),  # six pixels on each side
        ((100, 80), (0, 76), (0, 16), (64, 80)),  # moved into the picture
        ((10, 80), (6, 3), (0, 10), (0, 16)),  # lower than the close-up
    ],
)
def test_close_ups_are_four_patches_wide(
    size: tuple[int, int], patch: tuple[int, int], rows: tuple, columns: tuple
) -> None:
    assert close_up(size, patch, 4) == (slice(*rows), slice(*columns))
