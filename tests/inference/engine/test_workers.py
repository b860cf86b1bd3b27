import threading
from contextvars import ContextVar

import pytest
import torch

from hatsr.inference.engine import workers as workers_module
from hatsr.inference.engine.workers import Workers, limit_threads, workers_for

CPU = torch.device("cpu")
SETTING: ContextVar[str] = ContextVar("a setting", default="none")


@pytest.fixture
def two() -> Workers:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    workers = workers_for(CPU, pieces=8)
    assert torch.get_num_threads() == 2
    torch.set_num_threads(before)
    return workers


def test_every_piece_is_done_once_in_threads_with_one_thread_each(two: Workers) -> None:
    done: list[tuple[int, int, bool, str]] = []
    meet = threading.Barrier(2)
    SETTING.set("the caller's")

    def work(piece: int) -> None:
        if piece < 2:
            meet.wait(timeout=30)  # passed only if two threads are at work
        told = torch.get_num_threads(), torch.is_inference_mode_enabled(), SETTING.get()
        done.append((piece, *told))

    two.each(work, range(9))
    assert sorted(done) == [(piece, 1, True, "the caller's") for piece in range(9)]


def test_an_error_is_raised_and_what_follows_is_left(two: Workers) -> None:
    done: list[int] = []

    def work(piece: int) -> None:
        if piece == 3:
            raise MemoryError("piece 3")
        done.append(piece)

    with pytest.raises(MemoryError, match="piece 3"):
        two.each(work, range(1000))
    assert len(done) < 1000
    two.each(done.append, [5000, 6000])
    assert {5000, 6000} <= set(done)


@pytest.mark.parametrize(("device", "pieces"), [("meta", 8), ("cpu", 1)])
def test_else_the_caller_works(device: str, pieces: int) -> None:
    threads: set[int] = set()
    workers = workers_for(torch.device(device), pieces)
    workers.each(lambda piece: threads.add(threading.get_ident()), range(4))
    assert threads == {threading.get_ident()}


@pytest.mark.parametrize(("chosen", "count"), [(None, 1), ("3", 3)])
def test_threads_are_no_more_than_the_processors_of_a_container_once(
    monkeypatch: pytest.MonkeyPatch, chosen: str | None, count: int
) -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    monkeypatch.setattr(workers_module, "processors", lambda: 1)
    if chosen is None:
        monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    else:
        monkeypatch.setenv("OMP_NUM_THREADS", chosen)
    limit_threads.cache_clear()
    try:
        limit_threads()
        assert torch.get_num_threads() == count
        torch.set_num_threads(2)
        limit_threads()
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
