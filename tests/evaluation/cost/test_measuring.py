import numpy as np
import pytest

from hatsr.evaluation.cost.measuring import measured


def test_peak_memory_is_that_of_the_work():
    with measured() as small:
        pass
    with measured() as large:
        np.ones(20_000_000)
    if small.peak_bytes is None or large.peak_bytes is None:
        pytest.skip("this system does not tell the peak")
    assert large.peak_bytes - small.peak_bytes > 100e6
