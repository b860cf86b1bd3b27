import pytest

from hatsr.evaluation.report.charts import axis


@pytest.mark.parametrize("values", [[0.0, 1.3], [-0.02, 0.5, 0.1], [28.1, 33.9], [0.0], [5.0, 5.0]])
def test_an_axis_holds_its_values_between_round_ticks(values):
    found = axis(values, 10.0, 110.0)
    assert found.low <= min(values)
    assert found.high >= max(values)
    places = [place for place, _ in found.ticks]
    assert places[0] == 10
    assert places[-1] == 110
    assert len({label for _, label in found.ticks}) == len(places) >= 2
