"""One Socket.IO connection over a bare WebSocket: what arrives is handled in the order it came."""

import asyncio
import contextlib
import itertools
import json
import socket
from collections.abc import Callable
from typing import Any, Self

import aiohttp

NAMESPACE = "/tickets"
PATIENCE = 10.0
GOODBYE = aiohttp.ClientWSTimeout(ws_close=0.5)

OnEvent = Callable[[str, Any], None]


class Gone(Exception):
    """The connection is over, or could not be made, or does not answer."""


class Silent(Gone):
    """The connection stands, and no answer came."""


class Refused(Exception):
    """The server answered, and said no."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Connection:
    def __init__(self, ws: aiohttp.ClientWebSocketResponse, on_event: OnEvent) -> None:
        self._ws = ws
        self._on_event = on_event
        self._numbers = itertools.count(1)
        self._acks: dict[int, asyncio.Future[Any]] = {}
        self._reading = asyncio.Event()
        self._reading.set()
        loop = asyncio.get_running_loop()
        self._entered: asyncio.Future[None] = loop.create_future()
        self._reader = loop.create_task(self._read())

    @classmethod
    async def open(
        cls, http: aiohttp.ClientSession, url: str, token: str, on_event: OnEvent
    ) -> Self:
        """Connects and enters the namespace. Raises `Gone`, `Refused`."""
        address = f"{url}/socket.io/?EIO=4&transport=websocket"
        try:
            async with asyncio.timeout(PATIENCE):
                ws = await http.ws_connect(address, max_msg_size=0, timeout=GOODBYE)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise Gone from error
        connection = cls(ws, on_event)
        try:
            await connection._send(f"40{NAMESPACE},{json.dumps({'token': token})}")
            await asyncio.wait_for(asyncio.shield(connection._entered), PATIENCE)
        except TimeoutError as error:
            await connection.close()
            raise Gone from error
        except BaseException:
            await connection.close()
            raise
        return connection

    async def call(self, event: str, payload: object) -> Any:
        """Emits, and returns what the acknowledgement holds. Raises `Gone`, `Refused`."""
        number = next(self._numbers)
        answer = self._acks[number] = asyncio.get_running_loop().create_future()
        try:
            await self._send(f"42{NAMESPACE},{number}{json.dumps([event, payload])}")
            ack = await asyncio.wait_for(answer, PATIENCE)
        except TimeoutError as error:
            # Connected and yet no answer in all that time: another connection may do better.
            self.abort()
            raise Silent from error
        finally:
            self._acks.pop(number, None)
        if not ack["ok"]:
            raise Refused(ack["error"]["code"])
        return ack["data"]

    async def over(self) -> None:
        """Waits until the connection is lost."""
        await asyncio.shield(self._reader)

    def pause(self) -> None:
        """Reads nothing any more, not even pings."""
        self._reading.clear()

    def resume(self) -> None:
        self._reading.set()

    def abort(self) -> None:
        """Ends it without a good-bye, as a dead network does."""
        self.resume()
        if (sock := self._ws.get_extra_info("socket")) is not None:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    async def close(self) -> None:
        self.resume()
        self._reader.cancel()
        await asyncio.gather(self._reader, return_exceptions=True)
        await self._ws.close()

    async def _send(self, packet: str) -> None:
        try:
            await self._ws.send_str(packet)
        except (aiohttp.ClientError, OSError) as error:
            raise Gone from error

    async def _read(self) -> None:
        try:
            async for message in self._ws:
                await self._reading.wait()
                if message.type is aiohttp.WSMsgType.TEXT:
                    await self._take(message.data)
        except (aiohttp.ClientError, OSError, Gone):
            pass
        finally:
            for waiting in (self._entered, *self._acks.values()):
                if not waiting.done():
                    waiting.set_exception(Gone())
            # Nobody may be waiting for it any more, and that is no news.
            self._entered.exception()

    async def _take(self, packet: str) -> None:
        kind, _, body = packet.partition(",")
        if packet == "2":
            await self._send("3")
        elif kind == f"42{NAMESPACE}":
            event, payload = json.loads(body)
            self._on_event(event, payload)
        elif kind == f"43{NAMESPACE}":
            digits = body.partition("[")[0]
            waiting = self._acks.get(int(digits))
            if waiting is not None and not waiting.done():
                waiting.set_result(json.loads(body[len(digits) :])[0])
        elif kind == f"40{NAMESPACE}" and not self._entered.done():
            self._entered.set_result(None)
        elif kind == f"44{NAMESPACE}":
            self._entered.set_exception(Refused(json.loads(body)["data"]["code"]))
        elif kind == f"41{NAMESPACE}":
            raise Gone
