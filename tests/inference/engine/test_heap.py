import pytest

from hatsr.inference.engine import heap, kept_heap


def test_heap_is_given_back_whatever_happens() -> None:
    with pytest.raises(ZeroDivisionError), kept_heap():
        _ = 1 / 0


def test_heap_is_given_back_once_around_many_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[int, ...]] = []

    class Library:
        def mallopt(self, *option: int) -> None:
            told.append(option)

        def malloc_trim(self, pad: int) -> None:
            told.append((pad,))

    monkeypatch.setattr(heap, "can_keep_heap", lambda: True)
    monkeypatch.setattr(heap.ctypes, "CDLL", lambda name: Library())
    with kept_heap():
        for _ in range(3):
            with kept_heap():
                pass
        assert told == list(heap._KEEP)
    assert told == [*heap._KEEP, *heap._USUAL, (0,)]
    with kept_heap():
        assert told[-3:] == list(heap._KEEP)
