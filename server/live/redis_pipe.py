"""One connection to Redis that publishes and hears: so what it says and what it asks to hear are
in one order.

Written on hiredis, as a client of the general kind costs five times as much for each message. Its
protocol is RESP3, where what is published arrives between the answers.
"""

import asyncio
import ssl
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, cast

import hiredis
from redis.asyncio.connection import ConnectionPool, SSLConnection, parse_url

CONNECT_SECONDS = 3.0
MESSAGE = b"message"
USER = "default"

# Texts and bytes; the stubs of hiredis know commands of one word alone.
Command = tuple[Any, ...]


class RedisPipe(asyncio.Protocol):
    """``on_message``: called with the channel and the body of each message that is heard;
    ``on_end``: once the connection is over.
    """

    def __init__(
        self, on_message: Callable[[bytes, bytes], None], on_end: Callable[[], None]
    ) -> None:
        self._on_message = on_message
        self._on_end = on_end
        self._reader = hiredis.Reader()
        self._transport: asyncio.Transport | None = None
        # Who waits for answers, and for how many.
        self._asked: deque[tuple[asyncio.Future[None], int]] = deque()
        self._answered = 0
        self.is_closed = False

    def ask(self, *commands: Command) -> asyncio.Future[None]:
        """Sends the commands at once; done when all are answered, those before them included.

        Raises `hiredis.ReplyError` for the first that Redis refuses, OSError once it is over.
        """
        answered: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self.is_closed:
            answered.set_exception(ConnectionError("closed"))
        else:
            self._asked.append((answered, len(commands)))
            self.tell(*commands)
        return answered

    def tell(self, *commands: Command) -> None:
        """Sends commands that have no answer of their own: the (un)subscribing ones."""
        if self._transport is not None and not self.is_closed:
            self._transport.write(b"".join(hiredis.pack_command(each) for each in commands))

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # That of uvloop is no subclass.

    def data_received(self, data: bytes) -> None:
        try:
            self._reader.feed(data)
            while (said := self._reader.gets()) is not False:
                if isinstance(said, hiredis.PushNotification):
                    if said[0] == MESSAGE:
                        self._on_message(said[1], said[2])
                else:
                    self._answer(said)
        except hiredis.ProtocolError:
            self.close()

    def _answer(self, said: Any) -> None:
        if not self._asked:
            return
        future, wanted = self._asked[0]
        self._answered += 1
        if isinstance(said, hiredis.ReplyError) and not future.done():
            future.set_exception(said)
        if self._answered == wanted:
            self._asked.popleft()
            self._answered = 0
            if not future.done():
                future.set_result(None)

    def connection_lost(self, error: Exception | None) -> None:
        self.is_closed = True
        for future, _ in self._asked:
            if not future.done():
                future.set_exception(error or ConnectionError("closed by Redis"))
        self._asked.clear()
        self._on_end()


@asynccontextmanager
async def redis_pipe(
    redis_url: str,
    on_message: Callable[[bytes, bytes], None],
    on_end: Callable[[], None],
) -> AsyncIterator[RedisPipe]:
    """Connected and signed in.

    Raises OSError, TimeoutError, `hiredis.ReplyError` (what Redis refuses).
    """
    where, loop = parse_url(redis_url), asyncio.get_running_loop()
    pipe = RedisPipe(on_message, on_end)
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            if "path" in where:
                await loop.create_unix_connection(lambda: pipe, where["path"])
            else:
                host, port = where.get("host", "localhost"), where.get("port", 6379)
                await loop.create_connection(lambda: pipe, host, port, ssl=_tls(redis_url))
            await pipe.ask(("HELLO", "3", *_credentials(where)))
        yield pipe
    finally:
        pipe.close()


def _credentials(where: Mapping[str, Any]) -> Command:
    if "password" not in where:
        return ()
    return ("AUTH", where.get("username") or USER, where["password"])


def _tls(redis_url: str) -> ssl.SSLContext | None:
    """As the general client reads it from the URL."""
    pool: Any = ConnectionPool.from_url(redis_url)
    made = pool.make_connection()
    return made.ssl_context.get() if isinstance(made, SSLConnection) else None
