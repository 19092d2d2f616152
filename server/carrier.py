"""One client's WebSocket under Socket.IO: reads without a task per packet, writes without one."""

import asyncio
from typing import Any

import engineio
import structlog
from aiohttp import web
from engineio.async_drivers import aiohttp as driver
from engineio.async_socket import AsyncSocket
from engineio.packet import MESSAGE, NOOP, PING, PONG, UPGRADE, Packet

from server.outgoing import Outgoing, frame_of
from server.packets import FairWebSocket, is_frame

log = structlog.get_logger("server.carrier")

PROBE = "probe"
# Bytes that the transport may hold before the rest waits in the queue, where it can be counted
# and dropped. It is where asyncio and uvloop pause who writes.
MOST_UNSENT = 64 * 1024
# How long a client is given to take the farewell.
CLOSE_SECONDS = 2.0


class WebSocket(driver.WebSocket):  # type: ignore[misc]
    """Does the work of `AsyncSocket._websocket_handler` of python-engineio 4.15.1.

    The library keeps four tasks and two timers for a socket that is idle, and takes two tasks for
    a packet; here the handler of the request reads, and a task writes only while the client does
    not keep up.
    """

    def __init__(self, handler: Any, server: Any) -> None:
        super().__init__(handler, server)
        self._connection: AsyncSocket = handler.__self__
        self._queue: Outgoing = self._connection.queue
        self._writer: asyncio.Task[None] | None = None
        self._is_ended = False

    async def __call__(self, environ: dict[str, Any]) -> web.WebSocketResponse:
        self._request: web.Request = environ["aiohttp.request"]
        self._sock = FairWebSocket()
        await self._sock.prepare(self._request)
        transport = self._request.transport
        if transport is None:  # Gone before we could answer.
            return self._sock
        self._transport = transport
        # A copy of the request's head and that of the answer, for which nobody asks any more.
        environ.clear()
        self._sock.headers.clear()
        # For hanging up on a client that does not read.
        self._connection.transport = transport
        if not self._connection.connected or await self._is_upgraded():
            await self._converse()
        return self._sock

    async def _is_upgraded(self) -> bool:
        """Whether a client that polled goes on here: it probes, and takes its last poll."""
        connection = self._connection
        connection.upgrading = True  # Polls are answered with nothing meanwhile.
        try:
            if await self.wait() != f"{PING}{PROBE}":
                return False
            await self._sock.send_str(f"{PONG}{PROBE}")
            await self._queue.put(Packet(NOOP))
            return bool(await self.wait() == str(UPGRADE))
        except OSError:
            return False
        finally:
            connection.upgrading = False

    async def _converse(self) -> None:
        connection = self._connection
        connection.connected = connection.upgraded = True
        self._queue.connect(self)
        try:
            await self._read()
        except OSError:
            pass  # The connection is lost, or what came was no frame.
        finally:
            await connection.close(
                wait=False, abort=True, reason=self.server.reason.TRANSPORT_CLOSE
            )
            self._queue.put_nowait(None)
            if not self._transport.is_closing():
                loop = asyncio.get_running_loop()
                loop.call_later(CLOSE_SECONDS, self._transport.abort)
            if self._writer is not None:
                await asyncio.wait({self._writer})
            self._end()

    async def _read(self) -> None:
        handle, sid = self.server.handlers["message"], self._connection.sid
        while True:
            frame = await self.wait()
            kind = int(frame[0])
            try:
                if kind == MESSAGE:
                    await handle(sid, frame[1:])
                else:
                    await self._connection.receive(Packet(kind, frame[1:]))
            except engineio.exceptions.UnknownPacketError:
                pass  # What only servers send.
            except engineio.exceptions.SocketIsClosedError:
                return
            except Exception:
                log.exception("packet failed")

    async def wait(self) -> str:
        """The next frame of Engine.IO; OSError where there is none."""
        message = await self._sock.receive()
        if not is_frame(message.data):
            raise OSError("not a frame of Engine.IO")
        frame: str = message.data
        return frame

    # Out, as `Wire`

    @property
    def is_over(self) -> bool:
        return self._is_ended or self._transport.is_closing()

    @property
    def is_idle(self) -> bool:
        return self._writer is None and self._transport.get_write_buffer_size() <= MOST_UNSENT

    @property
    def unsent(self) -> int:
        size: int = self._transport.get_write_buffer_size()
        return size

    def write(self, frame: bytes) -> None:
        self._transport.write(frame)

    def fetch(self) -> None:
        if self._writer is None:
            self._writer = asyncio.create_task(self._write())

    async def _write(self) -> None:
        """Writes what waits, as fast as it is read."""
        try:
            while not (self._queue.empty() or self.is_over or self._sock.closed):
                if self.unsent > MOST_UNSENT:
                    # The loop has to turn before the transport says that it is full.
                    await asyncio.sleep(0)
                    await self._request.writer.drain()
                    continue
                item = self._queue.get_nowait()
                if item is None:
                    self._is_ended = True
                    await self._sock.close()
                else:
                    self.write(frame_of(item))
        except OSError:
            pass  # Lost meanwhile: the reader sees it too.
        finally:
            self._writer = None
            if not self._queue.empty():
                self._transport.abort()
            if self.is_over:
                self._end()

    def _end(self) -> None:
        self._is_ended = True
        self._queue.drop_all()
