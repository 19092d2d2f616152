"""A ZIP file that is sent as it is made: whatever goes into it, some of it is in memory at a time.

Its end says what is in it. Where that is not sent, no program takes what was sent for whole.
"""

import asyncio
from collections.abc import AsyncIterable
from datetime import UTC, datetime
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from aiohttp import web

LEVEL = 1


class _Written:
    """What `ZipFile` has written and nobody has been sent. It can go nowhere but on."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, part: bytes) -> int:
        self._parts.append(bytes(part))
        return len(part)

    def flush(self) -> None:
        pass

    def close(self) -> None:
        pass

    def taken(self) -> bytes:
        parts, self._parts = self._parts, []
        return b"".join(parts)


class Archive:
    """Writes into an answer that is prepared."""

    def __init__(self, response: web.StreamResponse) -> None:
        self._response = response
        self._written = _Written()
        self._zip = ZipFile(self._written, "w", ZIP_DEFLATED, compresslevel=LEVEL)

    async def add(self, name: str, chunks: AsyncIterable[bytes]) -> None:
        entry = ZipInfo(name, datetime.now(UTC).timetuple()[:6])
        entry.compress_type = ZIP_DEFLATED
        with self._zip.open(entry, "w", force_zip64=True) as opened:
            async for chunk in chunks:
                # What takes long to compress does not hold up the others.
                await asyncio.to_thread(opened.write, chunk)
                await self._send()
        await self._send()

    async def end(self) -> None:
        self._zip.close()
        await self._send()
        await self._response.write_eof()

    async def _send(self) -> None:
        if written := self._written.taken():
            await self._response.write(written)
