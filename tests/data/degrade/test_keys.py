"""Keys: the numbers of a key never change, those of others are independent."""

import numpy as np
import pytest
import torch

from hatsr.data.degrade.keys import Key, sample_key, text_key

FORKED = (680768428710196683, 17743966978540583234)
SAMPLE = (16614490307694527246, 15715306327599459557)
TEXT = (12204373718473442546, 1855392575383491018)
UNIFORMS = [0.30931491118583454, 0.35695623679350763]
NORMALS = [-0.49779318146245555, -0.3666066145254146]


def test_numbers_do_not_change() -> None:
    """Written down once: other values would break resumed runs and fixed conditions."""
    key = Key(1, 2)
    assert key.fork(2) == [
        Key(5705853004827290377, 6584680345644299050),
        Key(*FORKED),
    ]
    assert sample_key(0, 0) == Key(*SAMPLE)
    assert text_key("noise-5/a") == Key(*TEXT)
    assert key.uniforms(2).tolist() == UNIFORMS
    assert key.normals(2).tolist() == pytest.approx(NORMALS, rel=1e-14)


def test_forks_are_independent() -> None:
    rows = np.stack([key.uniforms(2000) for key in Key(3, 4).fork(6)])
    assert np.abs(np.corrcoef(rows) - np.eye(6)).max() < 0.1


def test_uniform_numbers() -> None:
    values = Key(0, 0).uniforms(100, 1000)
    assert values.shape == (100, 1000)
    assert 0 < values.min() < values.max() < 1
    assert values.mean() == pytest.approx(0.5, abs=3e-3)
    assert values.var() == pytest.approx(1 / 12, abs=1e-3)
    assert all(2 <= key.uniform(2, 5) < 5 for key in Key(1, 1).fork(50))


def test_normal_numbers() -> None:
    values = Key(0, 1).normals(400, 500)
    assert values.dtype == torch.float64
    moments = [float((values**power).mean()) for power in (1, 2, 3, 4)]
    assert moments == pytest.approx([0, 1, 0, 3], abs=0.06)


def test_choices_have_their_weights() -> None:
    weighted = (("never", 0.0), ("rare", 1.0), ("often", 3.0), ("nor", 0.0))
    found = [key.choose(weighted) for key in Key(5, 5).fork(2000)]
    assert set(found) == {"rare", "often"}
    assert found.count("often") / len(found) == pytest.approx(0.75, abs=0.03)
