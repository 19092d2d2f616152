"""Pings for all who are connected, without a task and a timer for each."""

import asyncio
import time
import weakref
from collections import deque
from typing import Any

import engineio
import structlog
from engineio.async_socket import AsyncSocket
from engineio.packet import PING, Packet

log = structlog.get_logger("server.transport.pings")

PING_INTERVAL = 25
# Between two looks at who is to be pinged.
PING_LOOK_SECONDS = 0.5


class Pinging(engineio.AsyncServer):  # type: ignore[misc]
    """An Engine.IO server that pings all its connections from one queue."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        # Who is to be pinged, and when: all wait for the same time, so the first is the next.
        self._to_ping: deque[tuple[float, weakref.ref[AsyncSocket]]] = deque()

    def start_background_task(self, target: Any, *args: Any, **kwargs: Any) -> Any:
        """A ping waits in a queue: `AsyncSocket.schedule_ping` of python-engineio 4.15.1 would
        keep a task for each socket, and a timer.
        """
        if getattr(target, "__func__", None) is not AsyncSocket._send_ping:
            return super().start_background_task(target, *args, **kwargs)
        self._to_ping.append((time.monotonic() + PING_INTERVAL, weakref.ref(target.__self__)))
        return None

    async def ping_forever(self) -> None:
        while True:
            await asyncio.sleep(PING_LOOK_SECONDS)
            while self._to_ping and self._to_ping[0][0] <= time.monotonic():
                _, reference = self._to_ping.popleft()
                connection = reference()
                if connection is not None and not (connection.closing or connection.closed):
                    self._ping(connection)

    def _ping(self, connection: AsyncSocket) -> None:
        try:
            connection.last_ping = time.time()
            connection.queue.put_nowait(Packet(PING))
        except Exception:
            log.exception("socket not pinged")
