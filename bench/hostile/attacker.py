"""What an attacker does everything with: a pace, requests, raw connections, and what it counts."""

import asyncio
import contextlib
import itertools
import json
import socket
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from yarl import URL

from tools.frames.wire import Frame

API = "/api/v1"
# Requests that are under way at once, at most.
MOST_AT_ONCE = 200
PATIENCE = 10.0
# What is kept of what a raw connection hears.
KEPT = 4096
# So that the kernel takes little for who does not read.
RECEIVE_BUFFER = 4096
GO, READY = "go", "ready"


@dataclass(frozen=True)
class Account:
    token: str
    ticket_id: str


@dataclass(frozen=True)
class Orders:
    """``address``: where it connects from."""

    name: str
    urls: list[str]
    address: str
    seconds: float
    accounts: list[Account]

    @classmethod
    def read(cls, line: str) -> "Orders":
        said = json.loads(line)
        return cls(**said | {"accounts": [Account(**account) for account in said["accounts"]]})


@dataclass
class Toll:
    """``cpu``: seconds of the attacker itself, from its first shot on."""

    sent: int = 0
    answers: Counter[str] = field(default_factory=Counter)
    cpu: float = 0.0


class Wire(asyncio.Protocol):
    """A raw connection. It keeps the first that it hears, and drops the rest or stops reading."""

    def __init__(self, *, reads: bool) -> None:
        self._reads = reads
        self._heard = asyncio.Event()
        self._transport: asyncio.Transport
        self.seen = b""
        self.is_over = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        if len(self.seen) < KEPT:
            self.seen += data[:KEPT]
            self._heard.set()
        elif not self._reads:
            self._transport.pause_reading()

    def connection_lost(self, _: Exception | None) -> None:
        self.is_over = True
        self._heard.set()

    def write(self, *parts: bytes) -> None:
        if not self.is_over:
            self._transport.writelines(parts)

    def send(self, text: str) -> None:
        self.write(Frame(text.encode()).encode())

    async def hears(self, *words: bytes) -> bool:
        """Waits for one of the words. False if the server hangs up first, or says nothing."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                while not (found := any(word in self.seen for word in words)) and not self.is_over:
                    self._heard.clear()
                    await self._heard.wait()
                return found
        return False

    async def ends(self) -> bool:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                while not self.is_over:
                    self._heard.clear()
                    await self._heard.wait()
        return self.is_over

    def close(self) -> None:
        self._transport.abort()


class Attacker:
    def __init__(self, orders: Orders, http: aiohttp.ClientSession) -> None:
        self.orders, self.http = orders, http
        self.toll = Toll()
        self._until = 0.0

    async def go(self) -> None:
        """Says that all is prepared, and waits for the word."""
        sys.stdout.write(f"{READY}\n")
        sys.stdout.flush()
        line = await asyncio.to_thread(sys.stdin.readline)
        assert line.strip() == GO
        self.toll.cpu = -time.process_time()
        self._until = time.monotonic() + self.orders.seconds

    @property
    def is_over(self) -> bool:
        return time.monotonic() >= self._until

    async def rest(self) -> None:
        await asyncio.sleep(max(0, self._until - time.monotonic()))

    def account(self, n: int) -> Account:
        return self.orders.accounts[n % len(self.orders.accounts)]

    def url(self, n: int) -> str:
        return self.orders.urls[n % len(self.orders.urls)]

    async def at_rate(self, rate: float, shoot: Callable[[int], Awaitable[None]]) -> None:
        """So many a second, whether or not the ones before were answered."""
        under_way: set[asyncio.Task[None]] = set()
        began = time.monotonic()
        for n in itertools.count():
            await asyncio.sleep(max(0, began + n / rate - time.monotonic()))
            if self.is_over:
                break
            if len(under_way) < MOST_AT_ONCE:
                task = asyncio.ensure_future(shoot(n))
                under_way.add(task)
                task.add_done_callback(under_way.discard)
        await asyncio.gather(*under_way)

    async def at_once(self, count: int, loop: Callable[[int], Awaitable[None]]) -> None:
        """So many side by side, each again and again."""

        async def repeat(n: int) -> None:
            while not self.is_over:
                await loop(n)

        await asyncio.gather(*map(repeat, range(count)))

    async def ask(self, n: int, method: str, path: str, *, token: str = "", **more: Any) -> None:
        """One request, and what came of it."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        headers |= more.pop("headers", {})
        self.toll.sent += 1
        url = URL(self.url(n) + path, encoded=True)
        try:
            async with self.http.request(method, url, headers=headers, **more) as answer:
                said = await answer.read()
            self.count(str(answer.status), said if answer.status >= 400 else b"")
        except TimeoutError:
            self.count("hung up")
        except (aiohttp.ClientError, OSError) as error:
            self.count(type(error).__name__)

    def count(self, answer: str, problem: bytes = b"") -> None:
        with contextlib.suppress(ValueError, KeyError):
            answer = f"{answer} {json.loads(problem)['code']}"
        self.toll.answers[answer] += 1

    async def connect(self, n: int, *, reads: bool = True) -> Wire:
        """A raw connection. Raises OSError."""
        address = urlsplit(self.url(n))
        sock = socket.socket()
        sock.setblocking(False)
        if not reads:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
        sock.bind((self.orders.address, 0))
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(PATIENCE):
            await loop.sock_connect(sock, (address.hostname, address.port))
            _, wire = await loop.create_connection(lambda: Wire(reads=reads), sock=sock)
        return wire

    def host(self, n: int) -> str:
        return urlsplit(self.url(n)).netloc
