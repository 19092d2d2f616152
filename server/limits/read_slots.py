"""Lets few reads of one customer run at once in this process; the customer's other reads wait.

All requests share a few connections to the database. Without this a customer who asks for much at
once would hold all of them. Reads of the staff do not come here (`server.http.guard`);
which customer is next in the assignment is another matter, see `desk.assignment.queue`.
"""

from dataclasses import dataclass, field
from uuid import UUID

from server.turns import Turns

MOST_AT_ONCE = 3


@dataclass(slots=True)
class Slots:
    """The slots of one account's reads. Each read is one ``async with``."""

    user_id: UUID
    # Those of all accounts: these are among them while a read runs or waits.
    known: dict[UUID, "Slots"]
    turns: Turns = field(default_factory=lambda: Turns(MOST_AT_ONCE))
    readers: int = 0

    async def __aenter__(self) -> None:
        self.readers += 1
        self.known[self.user_id] = self
        try:
            await self.turns.take()
        except BaseException:
            self._left()
            raise

    async def __aexit__(self, *_: object) -> None:
        self.turns.give_back()
        self._left()

    def _left(self) -> None:
        self.readers -= 1
        if not self.readers:
            del self.known[self.user_id]


class ReadSlots:
    """The slots of each account that reads just now; `len` says how many accounts."""

    def __init__(self) -> None:
        self._slots: dict[UUID, Slots] = {}

    def __len__(self) -> int:
        return len(self._slots)

    def of(self, user_id: UUID) -> Slots:
        """To be entered at once: waits until fewer than `MOST_AT_ONCE` reads of the account run."""
        return self._slots.get(user_id) or Slots(user_id, self._slots)
