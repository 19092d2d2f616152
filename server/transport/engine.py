"""The Socket.IO server as this product needs it: bounded queues, and an end to every connection."""

import asyncio
import logging
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import socketio
import structlog
from aiohttp import web
from engineio.async_socket import AsyncSocket
from engineio.packet import MESSAGE, Packet
from engineio.payload import Payload
from socketio.packet import ACK, CONNECT_ERROR

from config import Settings
from server import keys
from server.background import Background
from server.http.browsers import is_welcome
from server.limits import open_sockets
from server.limits.open_sockets import OpenSockets
from server.live.bus import Live
from server.transport import engine_websocket, handshake, pings
from server.transport.attachments import is_attachment
from server.transport.engine_websocket import websocket_of
from server.transport.packets import (
    LONGEST_FRAME,
    MOST_PACKETS,
    PacketRefusedError,
    StrictPacket,
    environ_of,
)
from server.transport.pings import Pinging
from server.transport.send_queue import EncodedPacket, SendQueue
from server.transport.strays import count_stray
from wire import codec
from wire.channel import NAMESPACE

log = structlog.get_logger("server.transport.engine")

PING_TIMEOUT = 20
# Between two looks at who has not answered in time.
WATCH_SECONDS = 2.0
# Who has opened a connection and not entered the namespace by then is hung up on.
CONNECT_SECONDS = 10.0
# Where a socket was opened, in what its handlers are given of the request.
ADDRESS = "address"


class Engine(Pinging):
    def post(self, packet: Packet, *sids: str) -> None:
        """Sends to clients, or finds that they are dead or gone. Never waits."""
        sockets, now = self.sockets, time.time()
        for sid in sids:
            connection = sockets.get(sid)
            if connection is None or connection.closed:
                continue
            if connection.last_ping and now - connection.last_ping > PING_TIMEOUT:
                self.background.start(connection.check_ping_timeout())
            else:
                connection.queue.put_nowait(packet)

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
        try:
            answer: web.StreamResponse = await super().handle_request(request)
        except KeyError as error:
            raise web.HTTPBadRequest(reason="The session is over") from error
        return answer

    async def _handle_connect(self, environ: dict[str, Any], *how: Any) -> Any:
        """Raises `RateLimited` for an address where too many wait to sign in."""
        self.open_sockets.require(open_sockets.WAITING, _address(environ))
        return await super()._handle_connect(environ, *how)

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
        if found := websocket_of(connection):
            found.abort_later()

    async def cut_off(self, sid: str) -> None:
        """Ends a connection without a word: its client would not read it."""
        if (connection := self.sockets.get(sid)) is None:
            return
        if found := websocket_of(connection):
            found.transport.abort()
        await connection.close(wait=False, abort=True)

    async def leave_all(self) -> None:
        """For the stop of the process: all are sent elsewhere."""
        connections = list(self.sockets.values())
        left = await asyncio.gather(*map(_leave, connections), return_exceptions=True)
        for error in filter(None, left):
            log.error("socket not left", exc_info=error)


def _address(environ: dict[str, Any]) -> str:
    request: web.Request = environ["aiohttp.request"]
    return request.app[keys.limits].address(request)


async def _leave(connection: AsyncSocket) -> None:
    if connection.upgraded and (found := websocket_of(connection)):
        await found.leave()
    else:
        await connection.close(wait=False)


class SocketServer(socketio.AsyncServer):  # type: ignore[misc]
    """Hangs up on who does not enter the namespace, has left it, sends what is no packet, or does
    not read.
    """

    def __init__(self, background: Background, open_sockets: OpenSockets, **options: Any) -> None:
        super().__init__(**options)
        self._background = self.eio.background = background
        self._open = self.eio.open_sockets = open_sockets
        # Told before a socket is cut off.
        self.on_cut_off: Callable[[str], None] = lambda _: None

    def _engineio_server_class(self) -> type[Engine]:
        return Engine

    async def _handle_eio_connect(self, eio_sid: str, environ: dict[str, Any]) -> None:
        # The place of the request: it would be kept as long as the socket.
        self.environ[eio_sid] = {ADDRESS: (address := _address(environ))}
        self._open.take(eio_sid, (open_sockets.WAITING, address))
        loop = asyncio.get_running_loop()
        loop.call_later(CONNECT_SECONDS, self._reap, eio_sid)
        queue: SendQueue = self.eio.sockets[eio_sid].queue
        queue.on_overflow = partial(loop.call_soon, self._cut_off, eio_sid)

    async def _handle_eio_disconnect(self, eio_sid: str, *reason: Any) -> None:
        self._open.free(eio_sid)
        await super()._handle_eio_disconnect(eio_sid, *reason)

    def _cut_off(self, eio_sid: str) -> None:
        log.warning("a client does not read and is cut off", eio_sid=eio_sid)
        if (sid := self._sid(eio_sid)) is not None:
            self.on_cut_off(sid)
        self._background.start(self.eio.cut_off(eio_sid))

    def _reap(self, eio_sid: str) -> None:
        if self._sid(eio_sid) is None:
            self._close_later(eio_sid)

    async def _handle_eio_message(self, eio_sid: str, data: Any) -> None:
        if eio_sid not in self.environ:
            return  # What follows a good-bye in the same body.
        try:
            if is_attachment(self.eio.sockets[eio_sid], data):
                return
            if not data:
                raise PacketRefusedError
            await super()._handle_eio_message(eio_sid, data)
        except PacketRefusedError:
            self._close_later(eio_sid)

    async def _handle_connect(self, eio_sid: str, namespace: str, data: Any) -> None:
        count_stray(self.eio.sockets.get(eio_sid))
        if namespace == NAMESPACE:
            await super()._handle_connect(eio_sid, namespace, data)
            if eio_sid not in self.environ:
                # It ended before it was let in: nobody was told of its end.
                await super()._handle_disconnect(eio_sid, namespace)
            elif self.manager.is_connected(self._sid(eio_sid), namespace):
                self._open.free(eio_sid)
            return
        detail = f"Connect to the namespace {NAMESPACE}"
        said = {"message": detail, "data": {"code": "unknown_namespace", "detail": detail}}
        await self._send_packet(eio_sid, StrictPacket(CONNECT_ERROR, said, namespace))

    async def _handle_event(self, eio_sid: str, namespace: str, id: Any, data: Any) -> None:
        """As in python-socketio 5.18.1 for handlers that take turns, less its lookups. It would
        log a line for each event of a client that has not entered.
        """
        sid = self._sid(eio_sid)
        if not self.manager.is_connected(sid, NAMESPACE):
            count_stray(self.eio.sockets.get(eio_sid))
            return
        answer = await self.namespace_handlers[NAMESPACE].trigger_event(data[0], sid, *data[1:])
        if id is not None:
            head = f"{ACK}{NAMESPACE},{id}"
            self.eio.post(EncodedPacket(head.encode() + codec.encode([answer])), eio_sid)

    async def _send_packet(self, eio_sid: str, pkt: StrictPacket) -> None:
        self.eio.post(Packet(MESSAGE, pkt.encode()), eio_sid)

    async def _handle_ack(self, eio_sid: str, *_: Any) -> None:
        """We ask for no acknowledgements, so there are none to take."""
        count_stray(self.eio.sockets.get(eio_sid))

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

    def _queue(self, sid: str) -> SendQueue | None:
        connection = self.eio.sockets.get(self.manager.eio_sid_from_sid(sid, NAMESPACE))
        return None if connection is None else connection.queue

    def _sid(self, eio_sid: str) -> str | None:
        found: str | None = self.manager.sid_from_eio_sid(eio_sid, NAMESPACE)
        return found

    def _close_later(self, eio_sid: str) -> None:
        self._background.start(self.eio.disconnect(eio_sid))


def _is_welcome(_: str | None, environ: dict[str, Any]) -> bool:
    return is_welcome(environ["aiohttp.request"])


def socket_server(
    settings: Settings, live: Live, background: Background, open_sockets: OpenSockets
) -> SocketServer:
    """The server, with the manager that carries hints between processes."""
    Payload.max_decode_packets = MOST_PACKETS
    # Without a sticky proxy a poll may reach a process that does not know its session.
    transports = ["websocket"] if settings.web_processes > 1 else ["polling", "websocket"]
    server = SocketServer(
        background,
        open_sockets,
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
        ping_interval=pings.PING_INTERVAL,
        ping_timeout=PING_TIMEOUT,
        monitor_clients=False,  # See `Engine.watch_forever`.
        # Else each gets a handler of its own, which writes past our renderer.
        logger=logging.getLogger("socketio.server"),
        engineio_logger=logging.getLogger("engineio.server"),
    )
    server.eio._async = {
        **server.eio._async,
        "translate_request": environ_of,
        "websocket": handshake.websocket,
    }
    return server
