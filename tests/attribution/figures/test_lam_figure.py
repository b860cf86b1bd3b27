"""What a LAM figure shows and where, read from the figure itself."""

from dataclasses import replace
from math import nan

import numpy as np
import pytest

pytest.importorskip("matplotlib", reason="needs the extra figures")

from matplotlib.patches import Rectangle

from hatsr.attribution.figures.lam_figure import lam_figure


def titles(figure) -> list[str]:
    return [axes.get_title() for axes in figure.axes]


def frames(axes) -> list[tuple[float, float, float]]:
    """Left, top and side of the frames of a cell."""
    found = [each for each in axes.patches if isinstance(each, Rectangle)]
    return [(each.get_x(), each.get_y(), each.get_width()) for each in found]


def test_a_column_for_the_picture_and_two_for_each_network(picture, found) -> None:
    figure = lam_figure(picture, [found, replace(found, model="other")])
    assert len([axes for axes in figure.axes if axes.get_subplotspec()]) == 3 * 5
    shown = titles(figure)
    for title in ("HR", "LR, 6 × 8", "patch, HR", "net\nattribution", "other\nattribution"):
        assert shown.count(title) == 1
    assert shown.count("area over LR") == shown.count("patch, SR") == 2


def test_the_patch_is_framed_in_the_picture_and_in_its_close_up(picture, found) -> None:
    """Rows 4 to 8 and columns 20 to 24; the close-up is of rows 0 to 16, columns 14 to 30."""
    figure = lam_figure(picture, [found])
    by_title = {axes.get_title(): axes for axes in figure.axes}
    assert set(frames(by_title["HR"])) == {(19.5, 3.5, 4)}
    assert set(frames(by_title["patch, SR"])) == {(5.5, 3.5, 4)}
    shown = np.asarray(by_title["patch, SR"].images[0].get_array())
    np.testing.assert_allclose(shown, found.sr[0:16, 14:30])


def test_without_hr_the_sr_picture_and_the_enlarged_lr_stand_there(picture, found) -> None:
    shown = titles(lam_figure(replace(picture, hr=None), [replace(found, quality=None)]))
    assert "SR (HR is not known)" in shown
    assert "patch, LR enlarged" in shown
    assert "HR" not in shown


def test_the_numbers_stand_beside_the_patch(picture, found) -> None:
    def words(result) -> str:
        return "\n".join(
            text.get_text() for axes in lam_figure(picture, [result]).axes for text in axes.texts
        )

    said = words(found)
    for text in (
        "DI 2.08",
        "31.46 dB / 0.9877",
        "4 × 4 SR pixels at\nrow 4, column 20\n9 steps, robust\ncompleteness error 1.2 %",
    ):
        assert text in said
    assert "DI –" in words(replace(found, diffusion_index=nan))
    assert "dB" not in words(replace(found, quality=None))
