"""The Socket.IO server as this product needs it: strict packets, whole bodies, no deflate."""

from typing import Any

import engineio
import socketio
import structlog
from aiohttp import web
from engineio.async_drivers import aiohttp as driver
from engineio.payload import Payload
from socketio import packet

from config import Settings
from server.live import Live
from wire import codec
from wire.channel import NAMESPACE

log = structlog.get_logger("server.engine")

LONGEST_FRAME = 64 * 1024
# A client that was offline flushes what it kept in one body; its bytes are bounded anyway.
MOST_PACKETS = 1000
PING_INTERVAL = 25
PING_TIMEOUT = 20


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


class _Engine(engineio.AsyncServer):  # type: ignore[misc]
    async def handle_request(self, request: web.Request) -> web.StreamResponse:
        """Answers a poll of a session that has just ended with 400, as one of any other end."""
        try:
            answer: web.StreamResponse = await super().handle_request(request)
        except KeyError as error:
            raise web.HTTPBadRequest(reason="The session is over") from error
        return answer


class _Server(socketio.AsyncServer):  # type: ignore[misc]
    def _engineio_server_class(self) -> type[engineio.AsyncServer]:
        return _Engine


def socket_server(settings: Settings, live: Live) -> socketio.AsyncServer:
    Payload.max_decode_packets = MOST_PACKETS
    # Without a sticky proxy a poll may reach a process that does not know its session.
    transports = ["websocket"] if settings.web_processes > 1 else ["polling", "websocket"]
    server = _Server(
        async_mode="aiohttp",
        client_manager=live,
        serializer=StrictPacket,
        json=codec,
        namespaces=[NAMESPACE],
        # One client's events are handled one after the other, as they were sent.
        async_handlers=False,
        transports=transports,
        cors_allowed_origins=settings.origins or None,
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
