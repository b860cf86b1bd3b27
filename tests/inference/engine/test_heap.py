import pytest

from hatsr.inference.engine import heap, retain_freed_memory


def test_heap_is_given_back_whatever_happens() -> None:
    with pytest.raises(ZeroDivisionError), retain_freed_memory():
        _ = 1 / 0


def test_heap_is_given_back_once_around_many_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[int, ...]] = []

    class Library:
        def mallopt(self, *option: int) -> None:
            told.append(option)

        def malloc_trim(self, pad: int) -> None:
            told.append((pad,))

    monkeypatch.setattr(heap, "can_retain_freed_memory", lambda: True)
    monkeypatch.setattr(heap.ctypes, "CDLL", lambda name: Library())
    with retain_freed_memory():
        for _ in range(3):
            with retain_freed_memory():
                pass
        assert told == list(heap._KEEP)
    assert told == [*heap._KEEP, *heap._USUAL, (0,)]
    with retain_freed_memory():
        assert told[-3:] == list(heap._KEEP)
