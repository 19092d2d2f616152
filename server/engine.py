"""The Socket.IO server as this product needs it: strict packets, whole bodies, no deflate."""

import asyncio
import contextlib
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
from wire import codec
from wire.channel import NAMESPACE

log = structlog.get_logger("server.engine")

LONGEST_FRAME = 64 * 1024
# A client that was offline flushes what it kept in one body; its bytes are bounded anyway.
MOST_PACKETS = 1000
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
        attachments = super().decode(encoded)
        if self.packet_type == packet.EVENT and not _is_event(self.data):
            raise ValueError("event refused")
        if self.packet_type == packet.ACK and not isinstance(self.data, list):
            raise ValueError("ack refused")
        return attachments


def _is_event(data: object) -> bool:
    return isinstance(data, list) and bool(data) and isinstance(data[0], str)


class _WholeBody:
    """A polling body, read to its end: one read of the stream returns only what has arrived."""

    def __init__(self, request: web.Request) -> None:
        self._request = request

    async def read(self, _: int) -> bytes:
        body = await self._request.read()
        if len(body) > LONGEST_FRAME:
            raise engineio.exceptions.ContentTooLongError
        return body


def _is_welcome(_: str | None, environ: dict[str, Any]) -> bool:
    return is_welcome(environ["aiohttp.request"])


def _environ(request: web.Request) -> dict[str, Any]:
    environ: dict[str, Any] = driver.translate_request(request)
    environ["wsgi.input"] = _WholeBody(request)
    return environ


class _WebSocket(driver.WebSocket):  # type: ignore[misc]
    """Without permessage-deflate, which costs four times the memory of an idle connection."""

    async def __call__(self, environ: dict[str, Any]) -> web.WebSocketResponse:
        self._sock = web.WebSocketResponse(max_msg_size=LONGEST_FRAME, compress=False)
        await self._sock.prepare(environ["aiohttp.request"])
        self.environ = environ
        await self.handler(self)
        return self._sock


class SocketServer(socketio.AsyncServer):  # type: ignore[misc]
    """Hangs up on who does not enter the namespace, or has left it."""

    async def _handle_eio_connect(self, eio_sid: str, environ: dict[str, Any]) -> None:
        await super()._handle_eio_connect(eio_sid, environ)
        loop = asyncio.get_running_loop()
        loop.call_later(CONNECT_SECONDS, self._reap, eio_sid)

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
        task = asyncio.create_task(self._close(eio_sid))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def _close(self, eio_sid: str) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_SECONDS):
                await self.eio.disconnect(eio_sid)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._closing: set[asyncio.Task[None]] = set()


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
