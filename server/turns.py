"""So many at once; who comes after them waits in turn.

As a semaphore of asyncio with a timeout around it, for half the cost where many wait.
"""

import asyncio
from collections import deque


class Turns:
    def __init__(self, at_once: int, patience: float | None = None) -> None:
        """``patience``: seconds to wait for a turn; None: as long as it takes."""
        self._free = at_once
        self._patience = patience
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def take(self) -> None:
        """To be followed by `give_back`. Raises TimeoutError."""
        if self._free:
            self._free -= 1
            return
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[None] = loop.create_future()
        self._waiting.append(turn)
        expiry = None
        if self._patience is not None:
            expiry = loop.call_later(self._patience, _expire, turn)
        try:
            await turn
        except asyncio.CancelledError:
            # It may have come in that moment: it is the next one's.
            if not turn.cancelled() and turn.exception() is None:
                self.give_back()
            raise
        finally:
            if expiry is not None:
                expiry.cancel()

    def give_back(self) -> None:
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1


def _expire(turn: asyncio.Future[None]) -> None:
    if not turn.done():
        turn.set_exception(TimeoutError())
