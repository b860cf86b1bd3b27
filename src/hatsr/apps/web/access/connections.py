"""Connections that say nothing, or very slowly, are closed; so are very many of one client."""

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

CONNECTIONS = 500
"""At a time; more are answered with 503."""
_PER_CLIENT = 250
"""At a time from one address."""
_HEAD_SECONDS = 20.0
"""In which the head of a request must have come."""
_TAKE_SECONDS = 60.0
"""In which a client must take some of an answer that lies ready for it."""
_TAKE_BYTES = 64 * 1024
"""How much that is."""


class HeadTimeoutProtocol(H11Protocol):
    """HTTP with a timeout for a request's head; uvicorn has one only between requests."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._patience: asyncio.TimerHandle | None = None
        self._taking: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client has come."""
        super().connection_made(transport)
        clients = [getattr(each, "client", None) for each in self.connections]
        if sum(bool(self.client and c and c[0] == self.client[0]) for c in clients) > _PER_CLIENT:
            transport.close()
        self._limit_head()

    def data_received(self, data: bytes) -> None:
        """A client has said something."""
        super().data_received(data)
        self._limit_head()

    def pause_writing(self) -> None:
        """A client does not take what it is sent as fast as it comes."""
        super().pause_writing()
        self._wait_for_taking()

    def resume_writing(self) -> None:
        """A client has taken it."""
        super().resume_writing()
        self._stop_taking()

    def connection_lost(self, exc: Exception | None) -> None:
        """A client has gone."""
        self._stop()
        self._stop_taking()
        super().connection_lost(exc)

    def _limit_head(self) -> None:
        """Wait a while for the head of a request; with one there is nothing to wait for."""
        if self.cycle is not None and not self.cycle.response_complete:
            self._stop()
        elif self._patience is None:
            self._patience = self.loop.call_later(_HEAD_SECONDS, self.transport.close)

    def _wait_for_taking(self) -> None:
        ready = self.transport.get_write_buffer_size()
        self._taking = self.loop.call_later(_TAKE_SECONDS, self._check_taken, ready)

    def _check_taken(self, ready: int) -> None:
        """Close the connection of a client that has not taken enough of what was ready, bytes."""
        if self.transport.get_write_buffer_size() > ready - _TAKE_BYTES:
            self.transport.abort()
        else:
            self._wait_for_taking()

    def _stop_taking(self) -> None:
        if self._taking is not None:
            self._taking.cancel()
            self._taking = None

    def _stop(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None
