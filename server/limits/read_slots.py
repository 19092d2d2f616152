"""Lets few reads of one customer run at once in this process; the customer's other reads wait.

All requests share a few connections to the database. Without this a customer who asks for much at
once would hold all of them. Reads of the staff do not come here (`server.http.routing`);
which customer is next in the assignment is another matter, see `desk.assignment.queue`.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID

MOST_AT_ONCE = 3


@dataclass(slots=True)
class Slots:
    """The slots of one account's reads."""

    free: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(MOST_AT_ONCE))
    # Reads that run or wait. The line is kept while there are any.
    length: int = 0


class ReadSlots:
    """The lines of reads, one for each account that reads just now; `len` says how many."""

    def __init__(self) -> None:
        self._lines: dict[UUID, Slots] = {}

    def __len__(self) -> int:
        return len(self._lines)

    @asynccontextmanager
    async def of(self, user_id: UUID) -> AsyncIterator[None]:
        """Waits until fewer than `MOST_AT_ONCE` reads of the account run, then holds a turn."""
        line = self._lines.setdefault(user_id, Slots())
        line.length += 1
        try:
            async with line.free:
                yield
        finally:
            line.length -= 1
            if not line.length:
                del self._lines[user_id]
