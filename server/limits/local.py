"""What this process counts by itself: against a limit, or from what it has taken of one."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol, TypeVar

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


class Counted(NamedTuple):
    """What came of it: whether it was allowed, what is left, and in how many seconds more is."""

    is_allowed: bool
    left: int
    seconds: float

    @classmethod
    def of(
        cls, item: RateLimitItem, is_allowed: bool, count: int, before: int, rest: float
    ) -> "Counted":
        """By the counts of a window and of the one before it, which fades in the ``rest`` of this
        one, in milliseconds.
        """
        length = item.get_expiry() * 1000
        left = item.amount - int(before * rest / length) - count
        fades_in = rest % (length / before) if before else rest
        return cls(bool(is_allowed), max(0, left), min(rest, fades_in) / 1000)


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
        self._windows: ExpiringDict[tuple[str, ...], Window] = ExpiringDict()

    def __len__(self) -> int:
        return len(self._windows)

    def take(self, item: RateLimitItem, name: str, who: str) -> bool:
        """Counts one more of ``who``, unless it is too many."""
        return self.count(item, (name, who), 1).is_allowed

    def count(self, item: RateLimitItem, key: tuple[str, ...], cost: int) -> Counted:
        """Counts so much more, unless it is too much; 0: asks whether there is any left."""
        now, seconds = self._clock(), item.get_expiry()
        passed = now / seconds
        number = int(passed)
        window = self._windows.get(key)
        if window is None:
            window = Window(number)
            self._windows.put(key, window, now)
        elif window.number != number:
            window.before = window.count if window.number == number - 1 else 0
            window.number, window.count = number, 0
        rest = 1 - passed + number
        used = int(window.before * rest) + window.count
        if is_allowed := used + max(cost, 1) <= item.amount:
            window.count += cost
            window.expires_at = (number + 2) * seconds
        return Counted.of(item, is_allowed, window.count, window.before, rest * seconds * 1000)

    def clear(self, key: tuple[str, ...]) -> None:
        self._windows.pop(key, None)


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
