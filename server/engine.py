"""The Socket.IO server as this product needs it: strict packets, whole bodies, no deflate."""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from typing import Any

import engineio
import socketio
import structlog
from aiohttp import web
from engineio.async_drivers import aiohttp as driver
from engineio.payload import Payload
from socketio import packet

from config import Settings
from server.browsers import is_welcome
from server.live import Live
from server.routing import whole_body
from wire import codec
from wire.channel import NAMESPACE

log = structlog.get_logger("server.engine")

LONGEST_FRAME = 64 * 1024
# aiohttp refuses what reaches its limit.
FRAME_LIMIT = LONGEST_FRAME + 1
# A client that was offline flushes what it kept in one body; its bytes are bounded anyway.
MOST_PACKETS = 1000
# Packets and characters that may wait for one client.
MOST_WAITING = 1000
LONGEST_WAITING = 1024 * 1024
# The name that an event goes by which is none, or is not JSON.
UNREADABLE = ""
PING_INTERVAL = 25
PING_TIMEOUT = 20
# Who has opened a connection and not entered the namespace by then is hung up on.
CONNECT_SECONDS = 10.0
CLOSE_SECONDS = 2.0


class StrictPacket(packet.Packet):  # type: ignore[misc]
    """Text packets only: an announced binary attachment would be waited for in memory."""

    json = codec

    def decode(self, encoded: Any) -> Any:
        if not isinstance(encoded, str) or encoded[:1] not in {"0", "1", "2", "3"}:
            raise ValueError("packet refused")
        try:
            attachments = super().decode(encoded)
        except ValueError:
            if self.packet_type != packet.EVENT:
                raise
            # Where its number was read it is answered nonetheless.
            attachments, self.data = 0, None
        if self.packet_type == packet.EVENT and not _is_event(self.data):
            self.data = [UNREADABLE]
        if self.packet_type == packet.ACK and not isinstance(self.data, list):
            raise ValueError("ack refused")
        return attachments


def _is_event(data: object) -> bool:
    return isinstance(data, list) and bool(data) and isinstance(data[0], str)


class _WholeBody:
    """A polling body, read to its end: one read of the stream returns only what has arrived."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    async def read(self, _: int) -> bytes:
        return self._body


def _is_welcome(_: str | None, environ: dict[str, Any]) -> bool:
    return is_welcome(environ["aiohttp.request"])


async def _environ(request: web.Request) -> dict[str, Any]:
    environ: dict[str, Any] = driver.translate_request(request)
    body = await whole_body(request)
    # Engine.IO would wait for the client to fetch its farewell, if need be for ever.
    if len(body) > LONGEST_FRAME:
        raise web.HTTPRequestEntityTooLarge(LONGEST_FRAME, len(body))
    environ["wsgi.input"] = _WholeBody(body)
    return environ


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


class _WebSocket(driver.WebSocket):  # type: ignore[misc]
    """Without permessage-deflate, which costs four times the memory of an idle connection."""

    async def __call__(self, environ: dict[str, Any]) -> web.WebSocketResponse:
        request = environ["aiohttp.request"]
        self._sock = web.WebSocketResponse(max_msg_size=FRAME_LIMIT, compress=False)
        await self._sock.prepare(request)
        # For cutting off: a polite close would wait for the client to read.
        self.handler.__self__.transport = request.transport
        self.environ = environ
        await self.handler(self)
        return self._sock


class SocketServer(socketio.AsyncServer):  # type: ignore[misc]
    """Hangs up on who does not enter the namespace or has left it, and on who does not read."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._closing: set[asyncio.Task[None]] = set()
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
        socket = self.eio.sockets.get(eio_sid)
        if socket is None:
            return
        log.warning("a client does not read and is cut off", eio_sid=eio_sid)
        if (sid := self.manager.sid_from_eio_sid(eio_sid, NAMESPACE)) is not None:
            self.on_cut_off(sid)
        if (transport := getattr(socket, "transport", None)) is not None:
            transport.abort()
        self._start(socket.close(wait=False, abort=True))

    def _reap(self, eio_sid: str) -> None:
        if self.manager.sid_from_eio_sid(eio_sid, NAMESPACE) is None:
            self._close_later(eio_sid)

    async def hang_up(self, sid: str) -> None:
        """Ends a socket and its connection; what was sent before still goes out."""
        eio_sid = self.manager.eio_sid_from_sid(sid, NAMESPACE)
        await self.disconnect(sid, NAMESPACE, ignore_queue=True)
        if eio_sid is not None:
            self._close_later(eio_sid)

    def _close_later(self, eio_sid: str) -> None:
        self._start(self._close(eio_sid))

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def _close(self, eio_sid: str) -> None:
        """Says good-bye; who does not hang up then is hung up on."""
        socket = self.eio.sockets.get(eio_sid)
        transport = getattr(socket, "transport", None)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_SECONDS):
                await self.eio.disconnect(eio_sid)
        if transport is not None:
            transport.close()
            await asyncio.sleep(CLOSE_SECONDS)
            transport.abort()


def socket_server(settings: Settings, live: Live) -> SocketServer:
    """The server, with the manager that carries hints between processes."""
    Payload.max_decode_packets = MOST_PACKETS
    # Without a sticky proxy a poll may reach a process that does not know its session.
    transports = ["websocket"] if settings.web_processes > 1 else ["polling", "websocket"]
    server = SocketServer(
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
    )
    server.eio._async = {
        **server.eio._async,
        "translate_request": _environ,
        "websocket": _WebSocket,
    }
    return server
