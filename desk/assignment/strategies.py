"""Whose turn it is: the strategies of the automatic assignment, on plain values."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from uuid import UUID


class Strategy(StrEnum):
    ROUND_ROBIN = "round_robin"
    LEAST_LOADED = "least_loaded"
    RANDOM = "random"


class Bar(StrEnum):
    """Why somebody is not asked, whatever their turn."""

    NOT_IN_TEAM = "not_in_team"
    AWAY = "away"
    LACKS_SKILL = "lacks_skill"


@dataclass(slots=True)
class Candidate:
    """A CSR as an assignment sees them."""

    user_id: UUID
    available: bool
    open_tickets: int
    capacity: int
    # The number of the assignment that they got last; the lowest is next in a round robin.
    turn: int = 0
    # Has fewer tickets than the others only because of an absence, see `choose`.
    catching_up: bool = False
    bar: Bar | None = None

    @property
    def is_eligible(self) -> bool:
        return self.available and not self.bar and self.open_tickets < self.capacity


def choose(strategy: Strategy, candidates: Sequence[Candidate], random: Random) -> Candidate | None:
    """Whose turn it is among those who are available and under capacity; None if nobody is.

    Nobody is given everything because they were not there. In a round robin who comes (back) has
    the lowest turn, so they are next once and then wait like all. Among the least loaded they
    count as if they had as many tickets as the least loaded of those who were there all the time.
    """
    eligible = [c for c in candidates if c.is_eligible]
    if not eligible:
        return None
    if strategy is Strategy.RANDOM:
        return random.choice(eligible)
    if strategy is Strategy.LEAST_LOADED:
        floor = _lowest_load(candidates) or 0

        def load(c: Candidate) -> int:
            return max(c.open_tickets, floor) if c.catching_up else c.open_tickets

        return min(eligible, key=lambda c: (load(c), c.turn, c.user_id))
    return min(eligible, key=lambda c: (c.turn, c.user_id))


def caught_up(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Those who have as many tickets as the others by now, or no others to compare with."""
    floor = _lowest_load(candidates)
    if floor is None and any(c.available and not c.catching_up for c in candidates):
        return []  # The others are full: once they have room they are to be compared with.
    return [
        c
        for c in candidates
        if c.catching_up and c.available and (floor is None or c.open_tickets >= floor)
    ]


def _lowest_load(candidates: Sequence[Candidate]) -> int | None:
    """The fewest tickets of somebody with room who was there all the time; None for nobody.

    Who is full says nothing: their few tickets may come of a small capacity.
    """
    return min(
        (c.open_tickets for c in candidates if c.is_eligible and not c.catching_up), default=None
    )
