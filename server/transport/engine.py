"""Engine.IO as this product needs it: bounded queues, and an end to every connection."""

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import structlog
from aiohttp import web
from engineio.async_socket import AsyncSocket
from engineio.exceptions import SocketIsClosedError
from engineio.packet import Packet

from server.background import Background
from server.limits.open_sockets import OpenSockets
from server.transport import engine_websocket
from server.transport.engine_websocket import websocket_of
from server.transport.pings import Pinging
from server.transport.send_queue import EncodedPacket, SendQueue
from server.transport.slow_http_readers import SlowReaders

log = structlog.get_logger("server.transport.engine")

PING_TIMEOUT = 20
# Between two looks at who has not answered in time.
WATCH_SECONDS = 2.0


class Engine(Pinging):
    """All connections of Engine.IO of this process."""

    def __init__(
        self,
        *,
        background: Background,
        open_sockets: OpenSockets,
        slow_readers: SlowReaders,
        client_address: Callable[[web.Request], str],
        **options: Any,
    ) -> None:
        """``options``: the library's."""
        super().__init__(**options)
        self._background = background
        self._open_sockets = open_sockets
        self.slow_readers = slow_readers
        self._client_address = client_address

    def post(self, packet: Packet, *sids: str) -> None:
        """Sends to clients, or finds that they are dead or gone. Never waits."""
        now = time.time()
        for sid in sids:
            if (queue := self._queue_of(sid, now)) is not None:
                queue.put_nowait(packet)

    def post_all(self, packets: Sequence[EncodedPacket], sid: str) -> None:
        """As `post` for each of them, to one client."""
        if (queue := self._queue_of(sid, time.time())) is not None:
            queue.put_all(packets)

    def _queue_of(self, sid: str, now: float) -> SendQueue | None:
        connection = self.sockets.get(sid)
        if connection is None or connection.closed:
            return None
        if connection.last_ping and now - connection.last_ping > PING_TIMEOUT:
            self._background.start(_give_up(connection))
            return None
        queue: SendQueue = connection.queue
        return queue

    async def watch_forever(self) -> None:
        """Gives up those who do not answer. The library looks at one after the other, with a
        timer and a task for each.
        """
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            for connection in list(self.sockets.values()):
                try:
                    if connection.closed:
                        self.end(connection)
                    elif not connection.closing:
                        await connection.check_ping_timeout()
                except Exception:
                    log.exception("socket not checked")

    def create_queue(self, *_: Any, **__: Any) -> SendQueue:
        return SendQueue()

    async def handle_request(self, request: web.Request) -> web.StreamResponse:
        """Answers a poll of a session that has just ended with 400, as one of any other end."""
        # The library quotes the origin that it refuses: it is to be text.
        if not request.headers.get("Origin", "").isascii():
            raise web.HTTPBadRequest(reason="No origin is written so")
        try:
            answer: web.StreamResponse = await super().handle_request(request)
        except KeyError as error:
            raise web.HTTPBadRequest(reason="The session is over") from error
        return answer

    async def _handle_connect(self, environ: dict[str, Any], *how: Any) -> Any:
        """Raises `RateLimited` for an address where too many wait to sign in."""
        self._open_sockets.require_waiting(self.address_of(environ))
        return await super()._handle_connect(environ, *how)

    def address_of(self, environ: dict[str, Any]) -> str:
        """Where the request behind an environ comes from."""
        return self._client_address(environ["aiohttp.request"])

    async def disconnect(self, sid: str) -> None:
        """Ends a connection, what was sent before goes out if it is fetched soon.

        The library waits for ever for a client that does not poll any more, keeps what was meant
        for it, and leaves it to a websocket's client to go.
        """
        if (connection := self.sockets.get(sid)) is None:
            return
        try:
            async with asyncio.timeout(engine_websocket.CLOSE_SECONDS):
                await connection.close()
        except TimeoutError:
            pass
        finally:
            self.end(connection)

    def end(self, connection: AsyncSocket) -> None:
        """Forgets a closed connection; who has a WebSocket gets what was sent before."""
        self.sockets.pop(connection.sid, None)
        connection.queue.put_nowait(None)  # The writer's last.
        if websocket := websocket_of(connection):
            websocket.abort_later()

    async def cut_off(self, sid: str) -> None:
        """Ends a connection without a word: its client would not read it."""
        if (connection := self.sockets.get(sid)) is None:
            return
        if websocket := websocket_of(connection):
            websocket.transport.abort()
        await connection.close(wait=False, abort=True)

    async def close_all(self) -> None:
        """For the stop of the process: all are sent elsewhere."""
        connections = list(self.sockets.values())
        results = await asyncio.gather(*map(_close_for_stop, connections), return_exceptions=True)
        for error in filter(None, results):
            log.error("socket not closed", exc_info=error)


async def _give_up(connection: AsyncSocket) -> None:
    """Whoever was sent something before has found the same."""
    with suppress(SocketIsClosedError):
        await connection.check_ping_timeout()


async def _close_for_stop(connection: AsyncSocket) -> None:
    if connection.upgraded and (websocket := websocket_of(connection)):
        await websocket.close_for_stop()
    else:
        await connection.close(wait=False)
