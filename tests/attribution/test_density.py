import numpy as np
import pytest
from scipy.stats import gaussian_kde

from hatsr.attribution import contribution_area


@pytest.mark.parametrize("shape", [(20, 31), (24, 24)])
def test_agrees_with_scipy(shape):
    weights = np.random.default_rng(1).random(shape) ** 20
    points = np.indices(shape).reshape(2, -1)
    expected = gaussian_kde(points, weights=weights.ravel())(points).reshape(shape)
    np.testing.assert_allclose(contribution_area(weights), expected / expected.max(), atol=1e-9)


def test_one_hot_pixel_is_a_small_spot_and_nothing_is_nothing():
    weights = np.zeros((9, 12))
    assert not contribution_area(weights).any()
    weights[3, 7] = 1
    area = contribution_area(weights)
    assert np.unravel_index(area.argmax(), area.shape) == (3, 7)
    assert (area > 0.01).sum() < 10


def test_a_line_is_no_obstacle():
    weights = np.zeros((9, 12))
    weights[4] = 1
    assert np.isfinite(contribution_area(weights)).all()
    assert contribution_area(np.ones((1, 1))) == 1
