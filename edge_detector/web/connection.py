"""Connections that nobody can hold open for nothing: uvicorn's own, with time limits."""

from __future__ import annotations

import asyncio
import logging
from typing import Any, Literal

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

_LOG = logging.getLogger(__name__)

#: A request's head comes within this, from the connection's beginning or from its first byte on.
HEAD_LIMIT_S = 10.0
#: So many connections may wait for a request, or for the rest of one; for one more, the one that waits longest goes.
IDLE_LIMIT = 128
#: Somebody who takes nothing for this long is gone.
STALL_LIMIT_S = 20.0


class Connection(H11Protocol):
    """Hangs up on clients that are too slow to ask, or to take what they asked for."""

    head_limit_s = HEAD_LIMIT_S
    stall_limit_s = STALL_LIMIT_S

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - as uvicorn makes it
        super().__init__(*args, **kwargs)
        self._head_timer: asyncio.TimerHandle | None = None
        self._stall_timer: asyncio.TimerHandle | None = None
        self._handed_on = False
        self._since = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Expect a request; nobody keeps others out by asking for nothing."""
        super().connection_made(transport)
        self._since = self.loop.time()
        idle = [other for other in self.connections if isinstance(other, Connection) and other.is_idle]
        if len(idle) > IDLE_LIMIT:
            min(idle, key=Connection.since).transport.abort()
        self._head_timer = self.loop.call_later(self.head_limit_s, transport.abort)

    @property
    def is_idle(self) -> bool:
        """Is there no whole request to answer?"""
        cycle: RequestResponseCycle | None = self.cycle
        return not self.transport.is_closing() and (cycle is None or bool(cycle.response_complete))

    def since(self) -> float:
        """When it was made."""
        return self._since

    def connection_lost(self, exc: Exception | None) -> None:
        """Expect nothing any more."""
        self._cancel_head()
        self._cancel_stall()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take a part of a request."""
        super().data_received(data)
        if self._handed_on:
            return
        cycle: RequestResponseCycle | None = self.cycle  # there is none before the first request
        if cycle is not None and not cycle.response_complete:
            self._cancel_head()
        elif self._head_timer is None:
            self._head_timer = self.loop.call_later(self.head_limit_s, self.transport.abort)

    def pause_writing(self) -> None:
        """The client does not keep up."""
        super().pause_writing()
        self._cancel_stall()
        self._stall_timer = self.loop.call_later(self.stall_limit_s, self.transport.abort)

    def resume_writing(self) -> None:
        """It does again."""
        self._cancel_stall()
        super().resume_writing()

    def shutdown(self) -> None:
        """The program ends: say so to whoever listens, leave who does not."""
        if self.flow.write_paused:
            self.transport.abort()
        else:
            super().shutdown()

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        """From here on another protocol has the connection."""
        self._handed_on = True
        self._cancel_head()
        self._cancel_stall()
        super().handle_websocket_upgrade(event)

    def _cancel_head(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _cancel_stall(self) -> None:
        if self._stall_timer is not None:
            self._stall_timer.cancel()
            self._stall_timer = None


def listening_protocol() -> type[asyncio.Protocol] | Literal["none"]:
    """What serves WebSockets; evidence matters more than they, so without the library there are none."""
    try:
        from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol  # noqa: PLC0415
    except ImportError:
        _LOG.warning("Nobody can listen live: install the package `websockets`")
        return "none"

    class Listening(WebSocketsSansIOProtocol):
        """Hangs up on clients that take nothing."""

        _stall_timer: asyncio.TimerHandle | None = None

        def pause_writing(self) -> None:
            """The client does not keep up."""
            super().pause_writing()
            self._stall_timer = self.loop.call_later(STALL_LIMIT_S, self.transport.abort)

        def resume_writing(self) -> None:
            """It does again."""
            self._cancel_stall()
            super().resume_writing()

        def connection_lost(self, exc: Exception | None) -> None:
            """It is gone."""
            self._cancel_stall()
            super().connection_lost(exc)

        def _cancel_stall(self) -> None:
            if self._stall_timer is not None:
                self._stall_timer.cancel()
                self._stall_timer = None

    return Listening
