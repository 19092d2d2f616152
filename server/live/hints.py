"""The hints of one ticket that were not taken yet: what is said to have happened, by its number."""

import asyncio
from bisect import insort
from contextlib import suppress

from wire.shapes import Recorded

# Hints that wait for a busy room. Dropping some costs a read from the database, nothing else.
MOST_HINTS = 256
# The hint of another process may be overtaken by a later one. It is waited for, at most so long:
# that costs a hundredth of what reading the event does.
GAP_SECONDS = 0.02


def _number(recorded: Recorded) -> int:
    return recorded.event.seq


class Hints:
    __slots__ = ("_awaited", "_waiting")

    def __init__(self) -> None:
        # A list, as it is short, and an empty deque is 760 bytes.
        self._waiting: list[Recorded] = []
        # A number, and who waits for its hint.
        self._awaited: tuple[int, asyncio.Event] | None = None

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def add(self, recorded: Recorded) -> None:
        if len(self._waiting) == MOST_HINTS:
            del self._waiting[0]
        insort(self._waiting, recorded, key=_number)
        if self._awaited and _number(recorded) == self._awaited[0]:
            self._awaited[1].set()

    def pop(self) -> Recorded:
        return self._waiting.pop(0)

    async def await_overtaken(self, cursor: int) -> None:
        """Waits for the hint of the event after ``cursor``, if those that are here are later."""
        if _number(self._waiting[0]) > cursor + 1:
            self._awaited = cursor + 1, (arrived := asyncio.Event())
            with suppress(TimeoutError):
                async with asyncio.timeout(GAP_SECONDS):
                    await arrived.wait()
            self._awaited = None
