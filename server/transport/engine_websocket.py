"""One client's WebSocket under Socket.IO: idle, it keeps neither a request nor a task."""

import asyncio
from typing import Any

import engineio
import structlog
from aiohttp import WSCloseCode, WSMsgType
from aiohttp._websocket.reader import WebSocketDataQueue
from aiohttp.http import WebSocketReader
from engineio.async_socket import AsyncSocket
from engineio.packet import MESSAGE, NOOP, PING, PONG, UPGRADE, Packet

from server.transport import send_queue
from server.transport.closing import State
from server.transport.packets import FRAME_LIMIT, LONGEST_FRAME, is_frame
from server.transport.send_queue import SendQueue, control, frame, frame_of

log = structlog.get_logger("server.transport.engine_websocket")

PROBE = f"{PING}probe"
PROBED = frame(f"{PONG}probe".encode())
# Bytes that the transport may hold before the rest waits in the queue, where it can be counted
# and dropped. It is where asyncio and uvloop pause who writes.
MOST_UNSENT = 64 * 1024
# How long a client is given to take the close frame.
CLOSE_SECONDS = 2.0


def websocket_of(connection: AsyncSocket) -> "EngineWebSocket | None":
    return getattr(connection, "websocket", None)


class EngineWebSocket(asyncio.Protocol):
    """Does the work of `AsyncSocket._websocket_handler` of python-engineio 4.15.1.

    The library keeps four tasks and two timers for a socket that is idle, and takes two tasks for
    a packet. Here one task handles what has arrived, as long as there is something, and another
    one writes while the client does not keep up. aiohttp parses the frames; its parser pauses the
    transport through us.
    """

    __slots__ = (
        "_aborting",
        "_arrived",
        "_awaited",
        "_code",
        "_connection",
        "_drained",
        "_given_up",
        "_parser",
        "_queue",
        "_reader",
        "_reading_paused",
        "_state",
        "_writer",
        "transport",
    )

    def __init__(self, connection: AsyncSocket, transport: asyncio.Transport) -> None:
        loop = asyncio.get_running_loop()
        # It wants a protocol of aiohttp's, and uses of it what we have.
        self._arrived = WebSocketDataQueue(self, LONGEST_FRAME, loop=loop)  # type: ignore[arg-type]
        self._parser = WebSocketReader(self._arrived, FRAME_LIMIT, compress=False, decode_text=True)
        self._connection = connection
        self._queue: SendQueue = connection.queue
        self.transport = transport
        self._reader: asyncio.Task[None] | None = None
        self._writer: asyncio.Task[None] | None = None
        self._reading_paused = False
        # While the transport is full, and how long it may be.
        self._drained: asyncio.Event | None = None
        self._given_up: asyncio.TimerHandle | None = None
        # The next frame of a client that polled and goes on here.
        self._awaited: str | None = None
        # What our close frame says.
        self._code: int = WSCloseCode.OK
        self._state = State.OPEN
        self._aborting: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        if self._connection.connected:
            self._awaited = PROBE
            self._connection.upgrading = True  # Polls are answered with nothing meanwhile.
        else:
            self._converse()
        self._look()

    def _converse(self) -> None:
        self._connection.connected = self._connection.upgraded = True
        self._queue.connect(self)

    @property
    def is_receiving(self) -> bool:
        """Whether more is taken from the client than its close frame."""
        return self._state is State.OPEN

    # In

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)
        self._look()

    def feed_data(self, data: bytes) -> tuple[bool, bytes]:
        """As aiohttp feeds a parser."""
        return self._parser.feed_data(data)

    def feed_eof(self) -> None:
        """aiohttp's end of the request."""

    def connection_lost(self, _: Exception | None) -> None:
        if self._aborting is not None:
            self._aborting.cancel()
        self.resume_writing()
        self._look()

    def pause_reading(self) -> None:
        self._reading_paused = True
        if not self.transport.is_closing():
            self.transport.pause_reading()

    def resume_reading(self) -> None:
        self._reading_paused = False
        if not self.transport.is_closing():
            self.transport.resume_reading()

    def _look(self) -> None:
        is_news = self._arrived._buffer or self._arrived.is_eof() or self.transport.is_closing()
        if is_news and self._reader is None:
            self._reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        """Handles what has arrived, and the end; after each frame the others have their turn."""
        try:
            while self._arrived._buffer:
                message = await self._arrived.read()
                await self._take(message.type, message.data)
                if self._arrived._buffer:
                    await asyncio.sleep(0)
            if (error := self._arrived.exception()) is not None:
                await self._close(getattr(error, "code", WSCloseCode.PROTOCOL_ERROR))
            if self.transport.is_closing():
                await self._close(WSCloseCode.ABNORMAL_CLOSURE)
                self._end()
        except Exception:
            log.exception("socket failed")
            self.transport.abort()
        finally:
            self._reader = None

    async def _take(self, kind: WSMsgType, data: Any) -> None:
        if kind is WSMsgType.CLOSE:
            await self._close(WSCloseCode.OK)
            if self._state is State.OVER:
                self.transport.close()
            else:
                self._state = State.PEER_CLOSED
        elif not self.is_receiving:
            pass
        elif kind is WSMsgType.TEXT and self._awaited is not None:
            await self._go_on(data)
        elif kind is WSMsgType.TEXT and is_frame(data):
            await self._handle(int(data[0]), data[1:])
        elif kind is WSMsgType.BINARY and self._awaited is None:
            await self._handle(MESSAGE, data)
        elif kind is WSMsgType.PING:
            if not self.is_over:
                self.transport.write(control(WSMsgType.PONG, data))
                await self._drain()
        elif kind is not WSMsgType.PONG:
            await self._close(WSCloseCode.OK)

    async def _handle(self, kind: int, data: str | bytes) -> None:
        try:
            if kind == MESSAGE:
                await self._connection.server.handlers["message"](self._connection.sid, data)
            else:
                await self._connection.receive(Packet(kind, data))
        except engineio.exceptions.UnknownPacketError:
            pass  # What only servers send.
        except engineio.exceptions.SocketIsClosedError:
            await self._close(WSCloseCode.OK)
        except Exception:
            log.exception("packet failed")

    async def _go_on(self, text: str) -> None:
        """A client that polled goes on here: it probes, and takes its last poll."""
        if text != self._awaited:
            await self._close(WSCloseCode.OK)
        elif text == PROBE:
            self._awaited = str(UPGRADE)
            self.transport.write(PROBED)
            self._queue.put_nowait(Packet(NOOP))
        else:
            self._awaited = None
            self._connection.upgrading = False
            self._converse()

    async def close_for_stop(self) -> None:
        """For the stop of the process: answers what is being handled, takes nothing more."""
        if self.is_receiving:
            self._state = State.DRAINING
        if self._reader is not None:
            await asyncio.wait({self._reader}, timeout=CLOSE_SECONDS)
        await self._close(WSCloseCode.GOING_AWAY)

    async def _close(self, code: int) -> None:
        """Sends a close frame after all that was sent before."""
        if self._state not in {State.OPEN, State.DRAINING}:
            return
        self._state = State.CLOSING
        self._code = code
        connection = self._connection
        if self._awaited is not None:
            if connection.websocket is self:
                connection.upgrading = False
            self._send_close()
            self.abort_later()
        else:
            reason = connection.server.reason.TRANSPORT_CLOSE
            await connection.close(wait=False, abort=True, reason=reason)
            connection.server.end(connection)

    def abort_later(self) -> None:
        """Leaves the client a moment to take what was sent, and to go."""
        if self._aborting is None and not self.transport.is_closing():
            loop = asyncio.get_running_loop()
            self._aborting = loop.call_later(CLOSE_SECONDS, self.transport.abort)

    # Out, as the `Transport` of a send queue

    @property
    def is_over(self) -> bool:
        return self._state is State.OVER or self.transport.is_closing()

    @property
    def unsent(self) -> int:
        return self.transport.get_write_buffer_size()

    def writes(self, frame: bytes) -> bool:
        transport = self.transport
        if (
            self._writer is not None
            or self._state is State.OVER
            or transport.is_closing()
            or transport.get_write_buffer_size() > MOST_UNSENT
        ):
            return False
        transport.write(frame)
        return True

    def fetch(self) -> None:
        if self._writer is None:
            self._writer = asyncio.create_task(self._write())

    def pause_writing(self) -> None:
        self._drained = asyncio.Event()
        loop = asyncio.get_running_loop()
        self._given_up = loop.call_later(send_queue.WRITE_SECONDS, self._queue.on_overflow)

    def resume_writing(self) -> None:
        if self._drained is not None and self._given_up is not None:
            self._drained.set()
            self._given_up.cancel()
            self._drained = self._given_up = None

    async def _drain(self) -> None:
        if self._drained is not None:
            await self._drained.wait()

    async def _write(self) -> None:
        """Writes what waits, as fast as it is read."""
        try:
            while not (self._queue.empty() or self.is_over):
                if self.unsent > MOST_UNSENT:
                    # The loop has to turn before the transport says that it is full.
                    await asyncio.sleep(0)
                    await self._drain()
                    continue
                item = self._queue.get_nowait()
                if item is None:
                    self._send_close()
                else:
                    self.transport.write(frame_of(item))
        finally:
            self._writer = None
            if not self._queue.empty():
                self.transport.abort()
            if self.is_over:
                self._end()

    def _send_close(self) -> None:
        if not self.is_over:
            self.transport.write(control(WSMsgType.CLOSE, self._code.to_bytes(2)))
            if self._state is State.PEER_CLOSED:
                self.transport.close()
        self._state = State.OVER

    def _end(self) -> None:
        self._state = State.OVER
        self._queue.drop_all()
