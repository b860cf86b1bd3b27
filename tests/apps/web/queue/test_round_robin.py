from pathlib import Path

from web_tasks import Die

from hatsr.apps.web.queue.round_robin import RoundRobin
from hatsr.apps.web.queue.web_job import WebJob


def web_job(owner: str, number: int) -> WebJob:
    name = f"{owner}{number}"
    return WebJob(name=name, owner=owner, page="", title="", task=Die(), folder=Path())


def names(turns: RoundRobin) -> list[str]:
    waiting = [("a", 1), ("a", 2), ("a", 3), ("b", 1), ("c", 1)]
    return [job.name for job in turns.order([web_job(*each) for each in waiting])]


def test_users_take_turns() -> None:
    turns = RoundRobin()
    assert names(turns) == ["a1", "b1", "c1", "a2", "a3"]
    turns.take("a")
    assert names(turns) == ["b1", "c1", "a1", "a2", "a3"]


def test_only_so_many_users_are_remembered() -> None:
    turns = RoundRobin()
    for number in range(1100):
        turns.take(str(number))
    assert len(turns._latest) == 1000
    turns.take("a")
    assert names(turns)[-1] == "a3"
