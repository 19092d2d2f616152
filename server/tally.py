"""Counts what happens in this process alone, against a limit."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from limits import RateLimitItem

# Below so many there is nothing to tidy up.
FEW = 1000


@dataclass(slots=True)
class Window:
    number: int
    # When nothing of it counts any more.
    over: float = 0.0
    count: int = 0
    before: int = 0


class Tally:
    """In windows that slide: what the one before counted fades as this one passes."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._windows: dict[tuple[str, str], Window] = {}
        self._most = FEW

    def __len__(self) -> int:
        return len(self._windows)

    def take(self, item: RateLimitItem, name: str, who: str) -> bool:
        """Counts one more of ``who``, unless it is too many."""
        now, seconds = self._clock(), item.get_expiry()
        passed = now / seconds
        number = int(passed)
        window = self._windows.get((name, who))
        if window is None:
            self._tidy(now)
            window = self._windows[name, who] = Window(number)
        elif window.number != number:
            window.before = window.count if window.number == number - 1 else 0
            window.number, window.count = number, 0
        if int(window.before * (1 - passed + number)) + window.count >= item.amount:
            return False
        window.count += 1
        window.over = (number + 2) * seconds
        return True

    def _tidy(self, now: float) -> None:
        """Forgets who counts no longer, whenever there are twice as many as last time."""
        if len(self._windows) >= self._most:
            self._windows = {key: w for key, w in self._windows.items() if w.over > now}
            self._most = max(FEW, 2 * len(self._windows))
