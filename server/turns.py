"""Reads of one customer: a few at once, the others behind them, and not in the others' way.

All requests share some connections to the database. Who asks for much at once would have them all.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID

MOST_AT_ONCE = 3


@dataclass(slots=True)
class Line:
    free: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(MOST_AT_ONCE))
    # Who reads or waits: it stays while there are any.
    length: int = 0


class Turns:
    def __init__(self) -> None:
        self._lines: dict[UUID, Line] = {}

    def __len__(self) -> int:
        return len(self._lines)

    @asynccontextmanager
    async def of(self, user_id: UUID) -> AsyncIterator[None]:
        """Waits for a turn of the account's."""
        line = self._lines.setdefault(user_id, Line())
        line.length += 1
        try:
            async with line.free:
                yield
        finally:
            line.length -= 1
            if not line.length:
                del self._lines[user_id]
