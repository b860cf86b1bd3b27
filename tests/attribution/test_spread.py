import numpy as np
import pytest
from scipy.stats import gaussian_kde

from hatsr.attribution import contribution_area, diffusion_index, gini


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


def literal_gini(values: np.ndarray) -> float:
    """Mean absolute difference of all pairs over twice the mean."""
    a = values.astype(np.float64).ravel() + 1e-7
    return float(np.abs(a[:, None] - a[None]).mean() / (2 * a.mean()))


def test_gini_of_known_maps():
    hot = np.zeros((6, 8))
    hot[2, 3] = 1
    assert gini(np.full((6, 8), 0.4)) == pytest.approx(0, abs=1e-12)
    assert gini(np.zeros((6, 8))) == pytest.approx(0, abs=1e-12)
    assert gini(hot) == pytest.approx(1 - 1 / 48, abs=1e-5)
    values = np.random.default_rng(0).random((9, 7))
    assert gini(values) == pytest.approx(literal_gini(values), abs=1e-12)
    assert diffusion_index(values) == pytest.approx(100 * (1 - literal_gini(values)), abs=1e-9)
