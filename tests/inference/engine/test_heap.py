import pytest

from hatsr.inference.engine import kept_heap


def test_heap_is_given_back_whatever_happens() -> None:
    with pytest.raises(ZeroDivisionError), kept_heap():
        _ = 1 / 0
