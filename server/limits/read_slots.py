"""Lets few reads of one customer run at once in this process; the customer's other reads wait.

All requests share a few connections to the database. Without this a customer who asks for much at
once would hold all of them. Reads of the staff do not come here (`server.http.guard`);
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
    # Reads that run or wait. The slots are kept while there are any.
    readers: int = 0


class ReadSlots:
    """The slots of each account that reads just now; `len` says how many accounts."""

    def __init__(self) -> None:
        self._slots: dict[UUID, Slots] = {}

    def __len__(self) -> int:
        return len(self._slots)

    @asynccontextmanager
    async def of(self, user_id: UUID) -> AsyncIterator[None]:
        """Waits until fewer than `MOST_AT_ONCE` reads of the account run, then holds a slot."""
        slots = self._slots.setdefault(user_id, Slots())
        slots.readers += 1
        try:
            async with slots.free:
                yield
        finally:
            slots.readers -= 1
            if not slots.readers:
                del self._slots[user_id]
