"""What clients send: not too much of it, not too slowly, not too many at a time."""

import asyncio
import time

from starlette.exceptions import HTTPException
from starlette.types import Message, Receive

from hatsr.apps.web.limits import Limits

ENVELOPE = 64 * 1024
"""Bytes of a request around the files that it carries."""


class UploadedBytes:
    """Bytes of all requests being answered, whose files lie on the disk until then.

    Args:
        limits: of uploads.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits, self.bytes = limits, 0

    def add(self, count: int) -> None:
        """Some more have come.

        Raises:
            HTTPException: too many.
        """
        self.bytes += count
        if count and self.bytes > self.limits.kept_bytes:
            raise HTTPException(
                429, "all uploads at a time must fit onto the disk here; try again in a minute"
            )


class RequestBody:
    """What one request sends, as its application receives it.

    Args:
        receive: gives the parts.
        intake: counts the bytes of all.
        most: bytes that this request may send.
    """

    def __init__(self, receive: Receive, intake: UploadedBytes, most: int) -> None:
        self.receive, self.intake, self.most = receive, intake, most
        self.bytes, self.is_whole, self.begun = 0, False, time.monotonic()
        self._again: list[Message] = []

    async def __call__(self) -> Message:
        """The next part.

        Raises:
            HTTPException: too much, or too slow.
        """
        if self._again:
            return self._again.pop(0)
        if self.is_whole:  # only that the client goes away can come
            return await self.receive()
        message = await self._next()
        count = len(message.get("body", b""))
        self.bytes += count
        self.is_whole = not message.get("more_body", False)
        self.intake.add(count)
        if self.bytes > self.most:
            raise HTTPException(413, too_large(self.most - ENVELOPE))
        return message

    async def _next(self) -> Message:
        most = self.intake.limits.upload_seconds
        try:
            left = self.begun + most - time.monotonic()
            return await asyncio.wait_for(self.receive(), max(left, 0))
        except asyncio.TimeoutError:
            raise HTTPException(408, f"an upload must take at most {most:g} s") from None

    async def read(self) -> bytes:
        """All of it, which the application then receives again."""
        messages = []
        while not self.is_whole:
            messages.append(await self())
        self._again = messages
        return b"".join(message.get("body", b"") for message in messages)

    def close(self) -> None:
        """The request is answered."""
        self.intake.bytes -= self.bytes


def too_large(most: int) -> str:
    """What a client is told whose files have more bytes."""
    return f"files must have at most {most / 1e6:g} MB here; make them smaller"
