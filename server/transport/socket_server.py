"""The Socket.IO server: closes sockets that break the rules or do not read; sends to rooms here."""

import asyncio
import logging
from collections.abc import Sequence
from functools import partial
from typing import Any

import socketio
import structlog
from engineio.packet import MESSAGE, Packet
from engineio.payload import Payload
from socketio.packet import ACK, CONNECT_ERROR, EVENT

from config import Settings
from server.background import Background
from server.limits.open_sockets import OpenSockets
from server.limits.shared import RateLimits
from server.transport import handshake, pings
from server.transport.attachments import is_attachment
from server.transport.engine import PING_TIMEOUT, Engine
from server.transport.membership import Membership
from server.transport.origins import Origins
from server.transport.packets import (
    LONGEST_FRAME,
    MOST_PACKETS,
    PacketRefusedError,
    StrictPacket,
    environ_of,
)
from server.transport.send_queue import EncodedEvent, EncodedPacket, SendQueue
from server.transport.slow_http_readers import SlowReaders
from server.transport.strays import count_stray
from wire import codec
from wire.server_events import NAMESPACE, SERVER_EVENTS

log = structlog.get_logger("server.transport.socket_server")

# A connection that has not entered the namespace by then is closed.
CONNECT_SECONDS = 10.0
# Where a socket was opened, in what its handlers are given of the request.
ADDRESS = "address"
# What stands before the JSON of every event.
EVENT_HEAD = f"{EVENT}{NAMESPACE},".encode()


def encoded_event(event: str, data: object) -> EncodedEvent:
    assert event in SERVER_EVENTS, event
    return EncodedEvent(EVENT_HEAD + codec.encode([event, data]))


def data_of(packet: EncodedEvent) -> Any:
    """What an event was encoded of, as JSON has it."""
    return codec.loads_own(packet.text[1 + len(EVENT_HEAD) :])[1]


class SocketServer(socketio.AsyncServer):  # type: ignore[misc]
    """Closes a socket that does not enter the namespace, has left it, sends what is no packet, or
    does not read.
    """

    eio: Engine
    manager: Membership

    def __init__(
        self,
        settings: Settings,
        background: Background,
        open_sockets: OpenSockets,
        limits: RateLimits,
        origins: Origins,
        slow_readers: SlowReaders,
    ) -> None:
        Payload.max_decode_packets = MOST_PACKETS
        super().__init__(
            async_mode="aiohttp",
            client_manager=Membership(),
            serializer=StrictPacket,
            json=codec,
            namespaces=[NAMESPACE],
            # One client's events are handled one after the other, as they were sent.
            async_handlers=False,
            transports=_transports(settings),
            cors_allowed_origins=lambda _, environ: origins.is_welcome(environ["aiohttp.request"]),
            cors_credentials=False,
            max_http_buffer_size=LONGEST_FRAME,
            ping_interval=pings.PING_INTERVAL,
            ping_timeout=PING_TIMEOUT,
            monitor_clients=False,  # See `Engine.watch_forever`.
            # Else each gets a handler of its own, which writes past our renderer.
            logger=logging.getLogger("socketio.server"),
            engineio_logger=logging.getLogger("engineio.server"),
            background=background,
            open_sockets=open_sockets,
            slow_readers=slow_readers,
            client_address=limits.address,
        )
        own = {"translate_request": environ_of, "websocket": handshake.websocket}
        self.eio._async = {**self.eio._async, **own}
        self._background = background
        self._open_sockets = open_sockets

    def _engineio_server_class(self) -> type[Engine]:
        return Engine

    async def _handle_eio_connect(self, eio_sid: str, environ: dict[str, Any]) -> None:
        # The address alone: the environ holds the request, as long as there is a socket.
        self.environ[eio_sid] = {ADDRESS: (address := self.eio.address_of(environ))}
        self._open_sockets.take_waiting(eio_sid, address)
        loop = asyncio.get_running_loop()
        loop.call_later(CONNECT_SECONDS, self._reap, eio_sid)
        queue: SendQueue = self.eio.sockets[eio_sid].queue
        queue.on_overflow = partial(loop.call_soon, self._cut_off, eio_sid)

    async def _handle_eio_disconnect(self, eio_sid: str, *reason: Any) -> None:
        self._open_sockets.free(eio_sid)
        await super()._handle_eio_disconnect(eio_sid, *reason)

    def _cut_off(self, eio_sid: str) -> None:
        log.warning("a client does not read and is cut off", eio_sid=eio_sid)
        if (sid := self._sid(eio_sid)) is not None:
            self.namespace_handlers[NAMESPACE].cut_off(sid)
        self._background.start(self.eio.cut_off(eio_sid))

    def _reap(self, eio_sid: str) -> None:
        if self._sid(eio_sid) is None:
            self._close_later(eio_sid)

    async def _handle_eio_message(self, eio_sid: str, data: Any) -> None:
        if eio_sid not in self.environ:
            return  # What follows a close packet in the same body.
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
                self._open_sockets.free(eio_sid)
                self.namespace_handlers[NAMESPACE].connected(self._sid(eio_sid))
            return
        detail = f"Connect to the namespace {NAMESPACE}"
        refusal = {"message": detail, "data": {"code": "unknown_namespace", "detail": detail}}
        await self._send_packet(eio_sid, StrictPacket(CONNECT_ERROR, refusal, namespace))

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

    def is_connected(self, sid: str) -> bool:
        return bool(self.manager.is_connected(sid, NAMESPACE))

    def is_empty(self, room: str) -> bool:
        """Whether no socket of this process is in a room."""
        return not self.manager.rooms.get(NAMESPACE, {}).get(room)

    def enter(self, sid: str, room: str) -> None:
        """Lets a socket that is here, or about to be let in, get what is sent to a room."""
        if self.is_connected(sid) or self.manager.is_pre_connected(sid, NAMESPACE):
            self.manager.basic_enter_room(sid, NAMESPACE, room)

    def leave(self, sid: str, room: str) -> None:
        """The reverse of `enter`; harmless where the socket is not inside."""
        if sid in self.manager.rooms.get(NAMESPACE, {}).get(room, ()):
            self.manager.basic_leave_room(sid, NAMESPACE, room)

    def send_local(
        self, event: str, data: object, *rooms: str, skip: str | None = None
    ) -> EncodedEvent | None:
        """Sends an event to the sockets of this process in the rooms, except ``skip``. Never waits.

        Encoded once and without a task per socket (see `SendQueue`), and not if there are none.
        """
        members = [
            eio_sid
            for room in rooms
            for sid, eio_sid in self.manager.get_participants(NAMESPACE, room)
            if sid != skip
        ]
        if not members:
            return None
        packet = encoded_event(event, data)
        self.eio.post(packet, *members)
        return packet

    def send_all(self, packets: Sequence[EncodedEvent], sid: str) -> None:
        """Sends what is encoded to one socket of this process. Never waits."""
        if (eio_sid := self.manager.eio_sid_from_sid(sid, NAMESPACE)) is not None:
            self.eio.post_all(packets, eio_sid)

    async def close_socket(self, sid: str) -> None:
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
        sid: str | None = self.manager.sid_from_eio_sid(eio_sid, NAMESPACE)
        return sid

    def _close_later(self, eio_sid: str) -> None:
        self._background.start(self.eio.disconnect(eio_sid))


def _transports(settings: Settings) -> list[str]:
    """Without a sticky proxy a poll may reach a process that does not know its session."""
    return ["websocket"] if settings.web_processes > 1 else ["polling", "websocket"]
