"""The Socket.IO server as this product needs it: strict packets, whole bodies, no deflate."""

import asyncio
import contextlib
import logging
from typing import Any

import engineio
import socketio
from aiohttp import web
from engineio.async_drivers import aiohttp as driver
from engineio.payload import Payload
from socketio import packet

from config import Settings
from server.browsers import is_welcome
from server.live import Live
from wire import codec
from wire.channel import NAMESPACE

LONGEST_FRAME = 64 * 1024
# A client that was offline flushes what it kept in one body; its bytes are bounded anyway.
MOST_PACKETS = 1000
PING_INTERVAL = 25
PING_TIMEOUT = 20
# Who has opened a connection and not entered the namespace by then is hung up on.
CONNECT_SECONDS = 10.0
CLOSE_SECONDS = 2.0


class PacketRefusedError(ValueError):
    """What a client sent is no packet that we take. It carries nothing of it into a log."""


class StrictPacket(packet.Packet):  # type: ignore[misc]
    """Text packets only: an announced binary attachment would be waited for in memory."""

    json = codec

    def decode(self, encoded: Any) -> Any:
        if not isinstance(encoded, str) or encoded[:1] not in {"0", "1", "2", "3"}:
            raise PacketRefusedError
        try:
            attachments = super().decode(encoded)
        except ValueError:
            raise PacketRefusedError from None
        if self.packet_type != packet.CONNECT and self.namespace != NAMESPACE:
            raise PacketRefusedError
        if self.packet_type == packet.EVENT and not _is_event(self.data):
            raise PacketRefusedError
        return attachments


def _is_event(data: object) -> bool:
    return isinstance(data, list) and bool(data) and isinstance(data[0], str)


def _is_frame(frame: object) -> bool:
    """Whether it looks like what Engine.IO clients send: close, probe, pong, message, upgrade."""
    return isinstance(frame, str) and frame[:1] in {"1", "2", "3", "4", "5"}


class _WholeBody:
    """A polling body, read to its end: one read of the stream returns only what has arrived.

    What the library could not decode is refused here: there it would become a traceback.
    """

    def __init__(self, request: web.Request) -> None:
        self._request = request

    async def read(self, _: int) -> bytes:
        body = await self._request.read()
        if len(body) > LONGEST_FRAME:
            raise engineio.exceptions.ContentTooLongError
        try:
            frames = body.decode().split("\x1e")
        except UnicodeDecodeError:
            raise engineio.exceptions.EngineIOError from None
        if len(frames) > MOST_PACKETS or not all(map(_is_frame, frames)):
            raise engineio.exceptions.EngineIOError
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
        request: web.Request = environ["aiohttp.request"]
        self._sock = web.WebSocketResponse(max_msg_size=LONGEST_FRAME, compress=False)
        await self._sock.prepare(request)
        self.environ = environ
        # For `_Engine`, which hangs up on a client that does not.
        self.handler.__self__.transport = request.transport
        await self.handler(self)
        return self._sock

    async def wait(self) -> Any:
        frame = await super().wait()
        if not _is_frame(frame):
            raise OSError("not a frame of Engine.IO")
        return frame


class _Engine(engineio.AsyncServer):  # type: ignore[misc]
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


class SocketServer(socketio.AsyncServer):  # type: ignore[misc]
    """Hangs up on who does not enter the namespace, has left it, or sends what is no packet."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._closing: set[asyncio.Task[None]] = set()

    def _engineio_server_class(self) -> type[_Engine]:
        return _Engine

    async def _handle_eio_connect(self, eio_sid: str, environ: dict[str, Any]) -> None:
        await super()._handle_eio_connect(eio_sid, environ)
        loop = asyncio.get_running_loop()
        loop.call_later(CONNECT_SECONDS, self._reap, eio_sid)

    def _reap(self, eio_sid: str) -> None:
        if self.manager.sid_from_eio_sid(eio_sid, NAMESPACE) is None:
            self._close_later(eio_sid)

    async def _handle_eio_message(self, eio_sid: str, data: Any) -> None:
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

    def drop_events(self, sid: str) -> None:
        """Forgets the events that a socket has not fetched yet; acknowledgements stay."""
        connection = self.eio.sockets.get(self.manager.eio_sid_from_sid(sid, NAMESPACE))
        unsent = []
        with contextlib.suppress(asyncio.QueueEmpty):
            while connection is not None:
                unsent.append(connection.queue.get_nowait())
                connection.queue.task_done()
        for frame in unsent:
            if frame is None or not str(frame.data).startswith(str(packet.EVENT)):
                connection.queue.put_nowait(frame)

    def _close_later(self, eio_sid: str) -> None:
        task = asyncio.create_task(self.eio.disconnect(eio_sid))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)


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
        # Else each gets a handler of its own, which writes past our renderer.
        logger=logging.getLogger("socketio.server"),
        engineio_logger=logging.getLogger("engineio.server"),
    )
    server.eio._async = {
        **server.eio._async,
        "translate_request": _environ,
        "websocket": _WebSocket,
    }
    return server
