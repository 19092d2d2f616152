"""Requests byte by byte, which no HTTP client would send."""

import asyncio

from yarl import URL

from tests.waiting import PATIENCE


async def answer_to(url: str, request: bytes) -> bytes:
    """What the server at an address says to it, until it ends the connection."""
    where = URL(url)
    reader, writer = await asyncio.open_connection(where.host, where.port)
    try:
        writer.write(request)
        return await asyncio.wait_for(reader.read(), PATIENCE)
    finally:
        writer.close()
