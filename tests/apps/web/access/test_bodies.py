import asyncio
from collections.abc import Awaitable, Callable

import pytest

pytest.importorskip("starlette", reason="the extra web is not installed: make test-web")
from starlette.exceptions import HTTPException
from starlette.types import Message

from hatsr.apps.web.access.bodies import ENVELOPE, RequestBody, UploadedBytes
from hatsr.apps.web.limits import Limits

pytestmark = pytest.mark.web
Receive = Callable[[], Awaitable[Message]]


def parts(*sizes: int, pause: float = 0) -> Receive:
    left = list(sizes)

    async def receive() -> Message:
        await asyncio.sleep(pause)
        return {"type": "http.request", "body": b"x" * left.pop(0), "more_body": bool(left)}

    return receive


def intake(**limits: float) -> UploadedBytes:
    return UploadedBytes(Limits(**({"memory": 4 * 10**9} | limits)))  # type: ignore[arg-type]


def test_a_body_can_be_read_before_it_is_received() -> None:
    async def both() -> tuple[bytes, list[Message]]:
        body = RequestBody(parts(3, 2), intake(), ENVELOPE)
        return await body.read(), [await body(), await body()]

    whole, again = asyncio.run(both())
    assert whole == b"xxxxx"
    assert [(len(m["body"]), m["more_body"]) for m in again] == [(3, True), (2, False)]


def test_too_much_is_refused() -> None:
    body = RequestBody(parts(ENVELOPE, 3 * 10**6), intake(), 2 * 10**6 + ENVELOPE)
    with pytest.raises(HTTPException, match="files must have at most 2 MB here"):
        asyncio.run(body.read())


def test_too_slow_is_refused() -> None:
    body = RequestBody(parts(1, 1, 1, 1, pause=0.4), intake(upload_seconds=1), 100)
    with pytest.raises(HTTPException, match="an upload must take at most 1 s"):
        asyncio.run(body.read())


def test_all_at_a_time_must_fit_onto_the_disk() -> None:
    counted = intake(kept_bytes=100)
    one, other = (RequestBody(parts(60), counted, ENVELOPE) for _ in range(2))
    asyncio.run(one.read())
    with pytest.raises(HTTPException, match="all uploads at a time must fit onto the disk"):
        asyncio.run(other.read())
    other.close()
    one.close()
    assert counted.bytes == 0
    asyncio.run(RequestBody(parts(60), counted, ENVELOPE).read())
