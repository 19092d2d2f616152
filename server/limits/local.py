"""What this process counts by itself: against a limit, or from what it has taken of one."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

from limits import RateLimitItem

# Below so many there is nothing to tidy up.
FEW = 1000


class Expiring(Protocol):
    """Something that counts until a time of the monotonic clock."""

    # When nothing of it counts any more.
    expires_at: float


K = TypeVar("K")
V = TypeVar("V", bound=Expiring)


class ExpiringDict(dict[K, V]):
    """Forgets what counts no longer, whenever there is twice as much as last time."""

    def __init__(self) -> None:
        super().__init__()
        self._most = FEW

    def put(self, key: K, value: V, now: float) -> None:
        if len(self) >= self._most:
            for old in [key for key, value in self.items() if value.expires_at <= now]:
                del self[old]
            self._most = max(FEW, 2 * len(self))
        self[key] = value


@dataclass(slots=True)
class Window:
    """The counts of one name and person, in the window of a number and in the one before."""

    number: int
    expires_at: float = 0.0
    count: int = 0
    before: int = 0


class LocalWindow:
    """In windows that slide: what the one before counted fades as this one passes."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._windows: ExpiringDict[tuple[str, str], Window] = ExpiringDict()

    def __len__(self) -> int:
        return len(self._windows)

    def take(self, item: RateLimitItem, name: str, who: str) -> bool:
        """Counts one more of ``who``, unless it is too many."""
        now, seconds = self._clock(), item.get_expiry()
        passed = now / seconds
        number = int(passed)
        window = self._windows.get((name, who))
        if window is None:
            window = Window(number)
            self._windows.put((name, who), window, now)
        elif window.number != number:
            window.before = window.count if window.number == number - 1 else 0
            window.number, window.count = number, 0
        if int(window.before * (1 - passed + number)) + window.count >= item.amount:
            return False
        window.count += 1
        window.expires_at = (number + 2) * seconds
        return True


@dataclass(slots=True)
class Lease:
    """What is left of a part that was counted at once."""

    expires_at: float
    left: int


class Leases:
    """Parts of limits that were counted at once, and are spent here one by one."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._held: ExpiringDict[tuple[str, ...], Lease] = ExpiringDict()

    def hold(self, item: RateLimitItem, key: tuple[str, ...], count: int) -> None:
        """Beside what is held already, until what was counted fades."""
        now = self._clock()
        lease = self._living(key, now) or Lease(0.0, 0)
        lease.left += count
        lease.expires_at = now + item.get_expiry()
        self._held.put(key, lease, now)

    def take(self, key: tuple[str, ...]) -> bool:
        """Spends one, if there is one."""
        lease = self._living(key, self._clock())
        if lease is None or not lease.left:
            return False
        lease.left -= 1
        return True

    def _living(self, key: tuple[str, ...], now: float) -> Lease | None:
        lease = self._held.get(key)
        return lease if lease is not None and lease.expires_at > now else None
