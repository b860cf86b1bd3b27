from math import sqrt

import numpy as np
import pytest
from scipy.stats import t

from hatsr.attribution.summary import interval


def test_interval_is_student_s():
    for n in (2, 3, 10, 11, 40):
        values = [float(x) for x in np.random.default_rng(n).normal(size=n)]
        found = interval(values)
        assert found.mean == pytest.approx(np.mean(values))
        expected = t.ppf(0.975, n - 1) * np.std(values, ddof=1) / sqrt(n)
        assert found.half_width == pytest.approx(expected, rel=1e-9)
    assert np.isnan(interval([1.0]).half_width)
