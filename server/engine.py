"""The Socket.IO server as this product needs it: bounded queues, and an end to every connection."""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import Any

import engineio
import socketio
import structlog
from aiohttp import web
from engineio.payload import Payload
from socketio import packet

from config import Settings
from server.background import Background
from server.browsers import is_welcome
from server.live import Live
from server.packets import (
    LONGEST_FRAME,
    MOST_PACKETS,
    PacketRefusedError,
    StrictPacket,
    WebSocket,
    environ_of,
)
from wire import codec
from wire.channel import NAMESPACE

log = structlog.get_logger("server.engine")

# Packets and characters that may wait for one client.
MOST_WAITING = 1000
LONGEST_WAITING = 1024 * 1024
# Beside so much of it a page of history fits as well; who takes too long to get there is slow.
FEW_WAITING = 400
LITTLE_WAITING = 64 * 1024
READY_SECONDS = 10.0
PING_INTERVAL = 25
PING_TIMEOUT = 20
# Who has opened a connection and not entered the namespace by then is hung up on.
CONNECT_SECONDS = 10.0
CLOSE_SECONDS = 2.0


class Outgoing(asyncio.Queue[Any]):
    """What waits to be sent to one client, bounded: who does not read is cut off.

    The library's queue has no bound, and a client that answers pings but reads nothing else would
    fill the memory. ``_put`` and ``_get`` are where `asyncio.Queue` wants to be extended.
    """

    def __init__(self) -> None:
        super().__init__()
        self._size = 0
        self.is_cut_off = False
        self.on_overflow: Callable[[], object] = lambda: None

    def _put(self, item: Any) -> None:
        # None ends the writer and always gets through.
        if self.is_cut_off and item is not None:
            return
        super()._put(item)
        self._size += _length(item)
        if self.qsize() > MOST_WAITING or self._size > LONGEST_WAITING:
            self.is_cut_off = True
            self.on_overflow()

    def _get(self) -> Any:
        item = super()._get()
        self._size -= _length(item)
        return item

    async def ready(self) -> None:
        """Waits until little waits, no longer than a client that reads may take."""
        if self.qsize() > FEW_WAITING or self._size > LITTLE_WAITING:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(READY_SECONDS):
                    await self.join()

    def drop_events(self) -> None:
        """Forgets the events that have not been fetched yet; acknowledgements stay."""
        unsent = []
        with contextlib.suppress(asyncio.QueueEmpty):
            while True:
                unsent.append(self.get_nowait())
                self.task_done()
        for frame in unsent:
            if frame is None or not str(frame.data).startswith(str(packet.EVENT)):
                self.put_nowait(frame)


def _length(item: Any) -> int:
    data = getattr(item, "data", None)
    return len(data) if isinstance(data, str) else 0


class Engine(engineio.AsyncServer):  # type: ignore[misc]
    def create_queue(self, *_: Any, **__: Any) -> Outgoing:
        return Outgoing()

    async def handle_request(self, request: web.Request) -> web.StreamResponse:
        """Answers a poll of a session that has just ended with 400, as one of any other end."""
        try:
            answer: web.StreamResponse = await super().handle_request(request)
        except KeyError as error:
            raise web.HTTPBadRequest(reason="The session is over") from error
        return answer

    async def disconnect(self, sid: str) -> None:
        """Ends a connection, what was sent before goes out if it is fetched soon.

        The library waits for ever for a client that does not poll any more, keeps what was meant
        for it, and leaves it to a websocket's client to go.
        """
        if (connection := self.sockets.get(sid)) is None:
            return
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await connection.close()
        except TimeoutError:
            pass
        finally:
            self.sockets.pop(sid, None)
            connection.queue.put_nowait(None)  # The writer's last.
            if transport := getattr(connection, "transport", None):
                asyncio.get_running_loop().call_later(CLOSE_SECONDS, transport.abort)

    async def cut_off(self, sid: str) -> None:
        """Ends a connection without a word: its client would not read it."""
        if (connection := self.sockets.get(sid)) is None:
            return
        if transport := getattr(connection, "transport", None):
            transport.abort()
        await connection.close(wait=False, abort=True)


class SocketServer(socketio.AsyncServer):  # type: ignore[misc]
    """Hangs up on who does not enter the namespace, has left it, sends what is no packet, or does
    not read.
    """

    def __init__(self, background: Background, **options: Any) -> None:
        super().__init__(**options)
        self._background = background
        # Told before a socket is cut off.
        self.on_cut_off: Callable[[str], None] = lambda _: None

    def _engineio_server_class(self) -> type[Engine]:
        return Engine

    async def _handle_eio_connect(self, eio_sid: str, environ: dict[str, Any]) -> None:
        await super()._handle_eio_connect(eio_sid, environ)
        loop = asyncio.get_running_loop()
        loop.call_later(CONNECT_SECONDS, self._reap, eio_sid)
        queue: Outgoing = self.eio.sockets[eio_sid].queue
        queue.on_overflow = lambda: loop.call_soon(self._cut_off, eio_sid)

    def _cut_off(self, eio_sid: str) -> None:
        log.warning("a client does not read and is cut off", eio_sid=eio_sid)
        if (sid := self.manager.sid_from_eio_sid(eio_sid, NAMESPACE)) is not None:
            self.on_cut_off(sid)
        self._background.start(self.eio.cut_off(eio_sid))

    def _reap(self, eio_sid: str) -> None:
        if self.manager.sid_from_eio_sid(eio_sid, NAMESPACE) is None:
            self._close_later(eio_sid)

    async def _handle_eio_message(self, eio_sid: str, data: Any) -> None:
        if eio_sid not in self.environ:
            return  # What follows a good-bye in the same body.
        try:
            if not data:
                raise PacketRefusedError
            await super()._handle_eio_message(eio_sid, data)
        except PacketRefusedError:
            self._close_later(eio_sid)

    async def _handle_event(self, eio_sid: str, namespace: str, id: Any, data: Any) -> None:
        # The library logs a line for each event of a client that has not entered.
        sid = self.manager.sid_from_eio_sid(eio_sid, NAMESPACE)
        if self.manager.is_connected(sid, NAMESPACE):
            await super()._handle_event(eio_sid, namespace, id, data)

    async def _handle_ack(self, *_: Any) -> None:
        """We ask for no acknowledgements, so there are none to take."""

    async def _handle_disconnect(self, eio_sid: str, *args: Any) -> None:
        await super()._handle_disconnect(eio_sid, *args)
        self._close_later(eio_sid)

    async def hang_up(self, sid: str) -> None:
        """Ends a socket and its connection; what was sent before still goes out."""
        eio_sid = self.manager.eio_sid_from_sid(sid, NAMESPACE)
        await self.disconnect(sid, NAMESPACE, ignore_queue=True)
        if eio_sid is not None:
            self._close_later(eio_sid)

    async def ready(self, sid: str) -> None:
        """Waits until a page of history fits into what waits for a socket, but not for ever."""
        if (queue := self._queue(sid)) is not None:
            await queue.ready()

    def drop_events(self, sid: str) -> None:
        """Forgets the events that a socket has not fetched yet; acknowledgements stay."""
        if (queue := self._queue(sid)) is not None:
            queue.drop_events()

    def _queue(self, sid: str) -> Outgoing | None:
        connection = self.eio.sockets.get(self.manager.eio_sid_from_sid(sid, NAMESPACE))
        return None if connection is None else connection.queue

    def _close_later(self, eio_sid: str) -> None:
        self._background.start(self.eio.disconnect(eio_sid))


def _is_welcome(_: str | None, environ: dict[str, Any]) -> bool:
    return is_welcome(environ["aiohttp.request"])


def socket_server(settings: Settings, live: Live, background: Background) -> SocketServer:
    """The server, with the manager that carries hints between processes."""
    Payload.max_decode_packets = MOST_PACKETS
    # Without a sticky proxy a poll may reach a process that does not know its session.
    transports = ["websocket"] if settings.web_processes > 1 else ["polling", "websocket"]
    server = SocketServer(
        background,
        async_mode="aiohttp",
        client_manager=live,
        serializer=StrictPacket,
        json=codec,
        namespaces=[NAMESPACE],
        # One client's events are handled one after the other, as they were sent.
        async_handlers=False,
        transports=transports,
        cors_allowed_origins=_is_welcome,
        cors_credentials=False,
        max_http_buffer_size=LONGEST_FRAME,
        ping_interval=PING_INTERVAL,
        ping_timeout=PING_TIMEOUT,
        # Else each gets a handler of its own, which writes past our renderer.
        logger=logging.getLogger("socketio.server"),
        engineio_logger=logging.getLogger("engineio.server"),
    )
    server.eio._async = {
        **server.eio._async,
        "translate_request": environ_of,
        "websocket": WebSocket,
    }
    return server
