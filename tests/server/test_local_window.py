"""What a process counts alone."""

import pytest
from limits import RateLimitItem, parse

from server.limits.local import FEW, Leases, LocalWindow

TEN = parse("10 per minute")
MINUTE = 60.0


class Clock:
    now = 1000 * MINUTE

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def taken(window: LocalWindow, item: RateLimitItem, who: str = "ann", times: int = 20) -> int:
    return sum(window.take(item, "x", who) for _ in range(times))


def test_no_more_than_the_limit_in_one_window(clock: Clock) -> None:
    window = LocalWindow(clock)
    assert taken(window, TEN) == 10
    assert taken(window, TEN, "bob") == 10
    assert not window.take(TEN, "x", "ann")


def test_what_the_window_before_counted_fades(clock: Clock) -> None:
    window = LocalWindow(clock)
    assert taken(window, TEN) == 10
    clock.now += MINUTE
    assert taken(window, TEN) == 0
    clock.now += MINUTE / 2
    assert taken(window, TEN) == 5
    clock.now += 2 * MINUTE
    assert taken(window, TEN) == 10


def test_who_counts_no_longer_is_forgotten(clock: Clock) -> None:
    window = LocalWindow(clock)
    for n in range(FEW):
        window.take(TEN, "x", str(n))
    clock.now += 2 * MINUTE
    window.take(TEN, "x", "ann")
    assert len(window) == 1


def test_who_still_counts_is_kept(clock: Clock) -> None:
    window = LocalWindow(clock)
    assert taken(window, TEN) == 10
    for n in range(5 * FEW):
        window.take(TEN, "x", str(n))
    assert not window.take(TEN, "x", "ann")


def test_what_is_held_is_spent_one_by_one(clock: Clock) -> None:
    leases = Leases(clock)
    assert not leases.take(("x", "ann"))
    leases.hold(TEN, ("x", "ann"), 2)
    leases.hold(TEN, ("x", "ann"), 1)
    assert not leases.take(("x", "bob"))
    assert [leases.take(("x", "ann")) for _ in range(4)] == [True, True, True, False]


def test_what_is_held_goes_with_the_window_it_was_counted_in(clock: Clock) -> None:
    leases = Leases(clock)
    leases.hold(TEN, ("x", "ann"), 5)
    clock.now += MINUTE
    assert not leases.take(("x", "ann"))
    leases.hold(TEN, ("x", "ann"), 1)
    assert [leases.take(("x", "ann")) for _ in range(2)] == [True, False]
