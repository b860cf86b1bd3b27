"""The two kinds of stores."""

from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest

from hatsr.batch.stores import DiskStore, ObjectStore, Store


@pytest.fixture
def memory() -> Iterator[ObjectStore]:
    yield ObjectStore("memory://scans/in/")
    fsspec.filesystem("memory").store.clear()


@pytest.fixture(params=["disk", "memory"])
def store(request: pytest.FixtureRequest, memory: ObjectStore, tmp_path: Path) -> Store:
    return memory if request.param == "memory" else DiskStore(tmp_path)
