"""Workers on a cluster, as actors of Ray: each holds the network, and is replaced when it dies."""

import os
from dataclasses import replace
from typing import Any

from hatsr.batch.database.records import PictureRecord, WorkResult
from hatsr.batch.worker_pools.coordinator import UNDER_WAY, Coordinator, WorkerSpec
from hatsr.batch.worker_pools.worker_pool import TICK_SECONDS

DEATHS = 4
"""How often a worker may die over a picture: nodes are lost that are not to blame for it."""
_OBJECT_BYTES = 2**27
"""Memory for objects of Ray on this machine: pictures do not go through it."""


class RayPool:
    """A job's worker actors on Ray; as a context manager it starts and ends them.

    The cluster is that of the variable RAY_ADDRESS, else one that is made on this machine. Actors
    that it has no room for yet wait: an autoscaler sees them and adds machines.

    Args:
        spec: what all know.
        coordinator: of the job.
        count: how many there are; 0: as many as the cluster holds now.
        gpus: of each.

    Raises:
        ValueError: Ray is not installed.
    """

    def __init__(self, spec: WorkerSpec, coordinator: Coordinator, count: int, gpus: float) -> None:
        try:
            import ray
        except ImportError as error:
            raise ValueError(
                f"engine must be local without Ray, got ray ({error}); pip install 'hat-sr[ray]'"
            ) from error
        self._ray: Any = ray
        self.spec, self.coordinator, self.count, self.gpus = spec, coordinator, count, gpus
        self._actors: dict[int, Any] = {}
        self._running: dict[Any, int] = {}  # what is asked of an actor -> its number
        self._ready, self._dead = set[int](), set[int]()
        self._started, self._is_ours, self._has_begun = 0, False, False
        self.stopped = ""

    def __enter__(self) -> "RayPool":
        if not self._ray.is_initialized():
            self._init()
        self.count = self.count or self._room()
        for _ in range(self.count):
            self._start()
        return self

    def __exit__(self, *trouble: object) -> None:
        for actor in self._actors.values():
            self._ray.kill(actor)
        if self._is_ours:
            self._ray.shutdown()

    def _init(self) -> None:
        """Join the cluster, or make one here, which tells nobody about it."""
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        is_new = "RAY_ADDRESS" not in os.environ
        options = {"object_store_memory": _OBJECT_BYTES, "include_dashboard": False}
        self._ray.init(log_to_driver=False, **(options if is_new else {}))
        self._is_ours = True

    def is_at_work(self) -> bool:
        """See `WorkerPool`."""
        return bool(self._running)

    def _room(self) -> int:
        """How many actors the cluster holds now."""
        found = self._ray.cluster_resources()
        rooms = [found.get("CPU", 0) / self.spec.threads]
        rooms += [found.get("GPU", 0) / self.gpus] if self.gpus else []
        return max(1, int(min(rooms)))

    def _start(self) -> None:
        self._started += 1
        actor = self._ray.remote(RayWorker).options(
            num_cpus=self.spec.threads, num_gpus=self.gpus, max_concurrency=UNDER_WAY
        )
        self._actors[self._started] = actor.remote(self.spec, bool(self.gpus))
        self._running[self._actors[self._started].begin.remote()] = self._started

    def hand_out_pictures(self) -> None:
        """See `WorkerPool`."""
        for most in range(1, UNDER_WAY + 1):
            for number in self._ready:
                record = self.coordinator.next_picture(number, most)
                if record is not None:
                    self._running[self._actors[number].work.remote(record)] = number

    def receive(self) -> list[WorkResult]:
        """See `WorkerPool`."""
        made = list[WorkResult]()
        asked = list(self._running)
        first, _ = self._ray.wait(asked, timeout=TICK_SECONDS)
        if first:
            first, _ = self._ray.wait(asked, num_returns=len(asked), timeout=0)
        for answer in first:
            number = self._running.pop(answer)
            try:
                said: WorkResult | None = self._ray.get(answer)
            except self._ray.exceptions.RayActorError as error:
                self._dead.add(number)
                self.stopped = "" if self._has_begun else f"a worker could not begin: {error}"
                continue
            made += [said] if said else []
            self._ready.add(number)
            self._has_begun = True
        return made

    def replace_dead_workers(self) -> None:
        """See `WorkerPool`."""
        while self._dead:
            self._replace(self._dead.pop())

    def _replace(self, number: int) -> None:
        """An actor has died: what it had under way is tried once more, by another."""
        del self._actors[number]
        self._running = {answer: of for answer, of in self._running.items() if of != number}
        had = self.coordinator.lost(number)
        if had or number not in self._ready:
            self._start()
        self._ready.discard(number)


class RayWorker:
    """What an actor is: a worker that is made where it runs.

    Args:
        spec: what all workers know.
        has_gpu: use it.
    """

    def __init__(self, spec: WorkerSpec, has_gpu: bool) -> None:
        from hatsr.batch.worker_pools.worker import Worker

        if has_gpu:
            settings = replace(spec.settings, device="cuda")
            spec = replace(spec, settings=settings)
        self._worker = Worker(spec)

    def begin(self) -> None:
        """Return when it is ready."""

    def work(self, record: PictureRecord) -> WorkResult:
        """See `hatsr.batch.worker_pools.worker.Worker`."""
        return self._worker.work(record)
