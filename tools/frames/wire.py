"""A WebSocket client that writes whatever it is told to, bit by bit (RFC 6455)."""

import asyncio
import contextlib
import socket
import struct
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

MORE, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
# Masking with zeros is as good as any to the server, and leaves the payload as it is.
MASK = bytes(4)
PATIENCE = 10.0
# A frame that says it is longer than it is swallows the probe: then nothing is ever answered.
PROBE_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Frame:
    """``claims``: the length that it says it has, if that is not the truth."""

    payload: bytes
    opcode: int = TEXT
    is_final: bool = True
    reserved: int = 0
    is_masked: bool = True
    claims: int | None = None

    def encode(self) -> bytes:
        length = len(self.payload) if self.claims is None else self.claims
        first = self.is_final << 7 | self.reserved << 4 | self.opcode
        second = self.is_masked << 7
        if length < 126:
            head = bytes([first, second | length])
        elif length < 1 << 16:
            head = struct.pack("!BBH", first, second | 126, length)
        else:
            head = struct.pack("!BBQ", first, second | 127, length)
        return head + (MASK if self.is_masked else b"") + self.payload


# What the server answers once it has handled all that was sent before.
PROBE = Frame(b"probe", PING).encode()


class Refused(Exception):
    """The server did not open a WebSocket."""


class Socket:
    """An open WebSocket. It is read in the background, unless ``is_deaf``."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, is_deaf: bool
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._texts: asyncio.Queue[bytes] = asyncio.Queue()
        self._pong = asyncio.Event()
        self.over = asyncio.Event()
        self._reading: asyncio.Task[None] | None = None
        if not is_deaf:
            self.listen()

    @classmethod
    async def open(cls, url: str, path: str, *, is_deaf: bool = False, behind: bytes = b"") -> Self:
        """Connects and shakes hands. Raises `Refused`.

        ``behind``: what is sent at once with the handshake, without waiting for its answer.
        """
        address = urlsplit(url)
        try:
            async with asyncio.timeout(PATIENCE):
                reader, writer = await asyncio.open_connection(address.hostname, address.port)
                writer.write(
                    f"GET {path} HTTP/1.1\r\nHost: {address.netloc}\r\nUpgrade: websocket\r\n"
                    "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n".encode()
                    + behind
                )
                head = await reader.readuntil(b"\r\n\r\n")
        except (OSError, TimeoutError, asyncio.IncompleteReadError) as error:
            raise Refused(type(error).__name__) from error
        if b" 101 " not in head:
            writer.close()
            raise Refused(head.split(b"\r\n")[0].decode())
        return cls(reader, writer, is_deaf=is_deaf)

    def listen(self) -> None:
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        try:
            while (opcode := await self._read_frame()) != CLOSE:
                if opcode == PONG:
                    self._pong.set()
        except (asyncio.IncompleteReadError, OSError):
            pass
        finally:
            self.over.set()

    async def _read_frame(self) -> int:
        first, second = await self._reader.readexactly(2)
        length = second
        if second == 126:
            (length,) = struct.unpack("!H", await self._reader.readexactly(2))
        elif second == 127:
            (length,) = struct.unpack("!Q", await self._reader.readexactly(8))
        body = await self._reader.readexactly(length)
        if first & 0xF == TEXT and self._texts.qsize() < 100:
            self._texts.put_nowait(body)
        return first & 0xF

    async def said(self, *prefixes: bytes) -> bool:
        """Waits for a text that begins so. False if the server hangs up instead."""
        over = asyncio.create_task(self.over.wait())
        try:
            async with asyncio.timeout(PATIENCE):
                while True:
                    text = asyncio.create_task(self._texts.get())
                    await asyncio.wait({text, over}, return_when=asyncio.FIRST_COMPLETED)
                    if not text.done():
                        text.cancel()
                        return False
                    if text.result().startswith(prefixes):
                        return True
        finally:
            over.cancel()

    async def write(self, raw: bytes) -> bool:
        """Whether the connection takes it, in time."""
        if self.over.is_set():
            return False
        try:
            async with asyncio.timeout(PATIENCE):
                self._writer.write(raw)
                await self._writer.drain()
        except (OSError, TimeoutError):
            return False
        return True

    async def is_handled(self) -> bool:
        """Waits until the server has taken what was sent; False once the connection is over."""
        self._pong.clear()
        if not await self.write(PROBE):
            return False
        tasks = [asyncio.create_task(e.wait()) for e in (self._pong, self.over)]
        await asyncio.wait(tasks, timeout=PROBE_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        return self._pong.is_set() and not self.over.is_set()

    async def close(self, *, abruptly: bool = False) -> None:
        """Without a closing handshake; ``abruptly``: with a reset."""
        if abruptly and (sock := self._writer.get_extra_info("socket")) is not None:
            with contextlib.suppress(OSError):
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)
        self._writer.transport.abort() if abruptly else self._writer.close()
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(PATIENCE):
                await self._writer.wait_closed()
