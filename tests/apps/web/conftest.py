"""A service of the tiny network, with and without a server around it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tiny import tiny
from web_pictures import save_picture
from web_servers import Server, start_server

from hatsr import checkpoint
from hatsr.apps.web.limits import Limits
from hatsr.apps.web.service import Service, open_service

MEMORY = 4 * 10**9


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a good checkpoint, x2, and a broken one."""
    folder = tmp_path_factory.mktemp("models")
    checkpoint.save(tiny(), folder / "net.safetensors")
    (folder / "broken.pth").write_bytes(b"no checkpoint")
    return folder


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Seconds of no work: 12 x 10 pixels."""
    return save_picture(tmp_path_factory.mktemp("small") / "small photo.png", 12, 10)


@pytest.fixture(scope="session")
def slow(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Seconds of work for a shipped network."""
    return save_picture(tmp_path_factory.mktemp("slow") / "slow.png", 400, 400)


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for temporary files, empty."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder


@pytest.fixture
def open_limited(models: Path, temporary: Path) -> Iterator[Callable[..., Service]]:
    """Opens a service with some limits changed."""
    opened: list[Service] = []

    def start(**changes: float) -> Service:
        opened.append(open_service(Limits(**({"memory": MEMORY} | changes)), models))  # type: ignore[arg-type]
        return opened[-1]

    yield start
    for service in opened:
        service.close()


@pytest.fixture(scope="session")
def server(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """`hatsr web` in a process of its own."""
    with start_server(tmp_path_factory.mktemp("server"), "--models", str(models)) as started:
        yield started
