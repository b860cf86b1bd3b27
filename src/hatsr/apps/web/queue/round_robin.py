"""Whose job is next: users take turns, so that a hundred pictures of one keep no other waiting."""

from collections.abc import Sequence

from hatsr.apps.web.queue.web_job import WebJob

_REMEMBERED = 1000
"""Users whose last turn is known."""


class RoundRobin:
    """When each user had the last turn."""

    def __init__(self) -> None:
        self._latest: dict[str, int] = {}

    def take(self, owner: str) -> None:
        """A user's job is started."""
        number = max(self._latest.values(), default=0) + 1
        self._latest.pop(owner, None)
        self._latest[owner] = number
        if len(self._latest) > _REMEMBERED:
            del self._latest[next(iter(self._latest))]

    def order(self, waiting: Sequence[WebJob]) -> list[WebJob]:
        """The order in which jobs will be started.

        Args:
            waiting: jobs by age; each user's stay in this order, who had no turn comes first.
        """
        latest, order, left = dict(self._latest), [], list(waiting)
        while left:
            job = min(left, key=lambda each: latest.get(each.owner, 0))
            latest[job.owner] = max(latest.values(), default=0) + 1
            order.append(job)
            left.remove(job)
        return order
