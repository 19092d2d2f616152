"""What answers as a Redis would that is told what to say."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

HELLO = b"%1\r\n+proto\r\n:3\r\n"

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def answering(*answers: bytes) -> tuple[Serve, list[bytes]]:
    """A Redis that says these, one for what it is sent at a time, and then hangs up."""
    sent: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in answers:
            sent.append(await reader.read(4096))
            writer.write(answer)
        await reader.read(4096)
        writer.close()

    return serve, sent


@asynccontextmanager
async def listening(serve: Serve, tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    async with await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls) as server:
        host, port = server.sockets[0].getsockname()
        yield f"{host}:{port}"
