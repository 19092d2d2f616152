"""One connection to Redis, over which a process asks, says and hears in one order.

Written on hiredis, as a client of the general kind costs five times as much for each message. Its
protocol is RESP3, where what is published arrives between the answers.
"""

import asyncio
import ssl
from collections import deque
from collections.abc import Callable, Mapping
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
        # Who waits for answers, for how many, and those that have come.
        self._asked: deque[tuple[asyncio.Future[list[Any]], int, list[Any]]] = deque()
        self.is_closed = False

    def ask(self, *commands: Command) -> asyncio.Future[list[Any]]:
        """Sends the commands at once; their answers, when all are there and those before them, too.

        Raises `hiredis.ReplyError` for the first that Redis refuses, OSError once it is over.
        """
        answered: asyncio.Future[list[Any]] = asyncio.get_running_loop().create_future()
        if self.is_closed:
            answered.set_exception(ConnectionError("closed"))
        else:
            self._asked.append((answered, len(commands), []))
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
        future, wanted, answers = self._asked[0]
        answers.append(said)
        if isinstance(said, hiredis.ReplyError) and not future.done():
            future.set_exception(said)
        if len(answers) == wanted:
            self._asked.popleft()
            if not future.done():
                future.set_result(answers)

    def connection_lost(self, error: Exception | None) -> None:
        self.is_closed = True
        for future, *_ in self._asked:
            if not future.done():
                future.set_exception(error or ConnectionError("closed by Redis"))
        self._asked.clear()
        self._on_end()


def _ignored(*_: object) -> None: ...


async def redis_pipe(
    redis_url: str,
    on_message: Callable[[bytes, bytes], None] = _ignored,
    on_end: Callable[[], None] = _ignored,
) -> RedisPipe:
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
            if number := where.get("db"):
                await pipe.ask(("SELECT", number))
    except BaseException:
        pipe.close()
        raise
    return pipe


def _credentials(where: Mapping[str, Any]) -> Command:
    if "password" not in where:
        return ()
    return ("AUTH", where.get("username") or USER, where["password"])


def _tls(redis_url: str) -> ssl.SSLContext | None:
    """As the general client reads it from the URL."""
    pool: Any = ConnectionPool.from_url(redis_url)
    made = pool.make_connection()
    return made.ssl_context.get() if isinstance(made, SSLConnection) else None
