"""Slow and silent clients, against a server of one answer."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

pytest.importorskip("uvicorn", reason="the extra web is not installed: make test-web")
import uvicorn
from starlette.responses import PlainTextResponse

from hatsr.apps.web.access import connections

pytestmark = pytest.mark.web


@contextlib.asynccontextmanager
async def serving(sentence: bytes = b"here") -> AsyncIterator[int]:
    config = uvicorn.Config(
        PlainTextResponse(sentence), port=0, http=connections.HeadTimeoutProtocol, log_level="error"
    )
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    await task


@pytest.mark.parametrize("said", [b"", b"GET / HTTP/1.1\r\nhost: a\r\n", b"GET /"])
def test_a_head_that_does_not_come_is_not_waited_for(
    said: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "_HEAD_SECONDS", 0.3)

    async def talk() -> bytes:
        async with serving() as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(said)
            heard = await asyncio.wait_for(reader.read(), 5)
            writer.close()
            return heard

    assert asyncio.run(talk()) == b""


def test_whole_requests_are_answered_on_one_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "_HEAD_SECONDS", 0.5)

    async def talk() -> bytes:
        async with serving() as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            heard = b""
            for _ in range(3):
                await asyncio.sleep(0.3)
                writer.write(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
                heard = await asyncio.wait_for(reader.readuntil(b"here"), 5)
            writer.close()
            return heard

    assert asyncio.run(talk()).startswith(b"HTTP/1.1 200")


def test_who_takes_nothing_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "_TAKE_SECONDS", 0.3)

    async def talk() -> int:
        async with serving(b"x" * 3 * 10**7) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
            await asyncio.sleep(1)
            heard = 0
            with contextlib.suppress(ConnectionError):
                while part := await asyncio.wait_for(reader.read(10**6), 5):
                    heard += len(part)
            writer.close()
            return heard

    assert asyncio.run(talk()) < 3 * 10**7


def test_who_takes_it_slowly_gets_it_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "_TAKE_SECONDS", 0.5)

    async def talk() -> int:
        async with serving(b"x" * 3 * 10**7) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
            heard = 0
            while part := await asyncio.wait_for(reader.read(10**7), 5):
                heard += len(part)
                await asyncio.sleep(0.01)
            writer.close()
            return heard

    assert asyncio.run(talk()) > 3 * 10**7


def test_one_client_has_only_so_many_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "_PER_CLIENT", 2)

    async def talk() -> bytes:
        async with serving() as port:
            kept = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            heard = await asyncio.wait_for(reader.read(), 5)
            for _, each in [*kept, (reader, writer)]:
                each.close()
            return heard

    assert asyncio.run(talk()) == b""
