"""What a strategy would do: the assignment of many tickets, on paper."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from uuid import UUID

from desk.assignment.strategies import Candidate, Strategy, caught_up, choose


@dataclass(frozen=True, slots=True)
class Csr:
    """Somebody with a capacity, who is away while the tickets of ``absence`` come (from, to)."""

    capacity: int
    absence: tuple[int, int] = (0, 0)

    def is_away(self, ticket: int) -> bool:
        start, end = self.absence
        return start <= ticket < end


@dataclass(frozen=True, slots=True)
class Share:
    assigned: int
    # Of the tickets that were assigned while they were there.
    assigned_meanwhile: int


@dataclass(frozen=True, slots=True)
class Distribution:
    shares: list[Share]
    # Tickets that found nobody with room when they came.
    waiting: int

    @property
    def spread(self) -> int:
        """Most minus fewest of all."""
        counts = [share.assigned for share in self.shares]
        return max(counts) - min(counts)


def simulate(strategy: Strategy, csrs: Sequence[Csr], tickets: int, random: Random) -> Distribution:
    """Gives the tickets out one after the other, as they come. None of them is ever resolved."""
    [distribution] = simulate_teams(strategy, [range(len(csrs))], csrs, tickets, random)
    return distribution


def simulate_teams(
    strategy: Strategy,
    teams: Sequence[Sequence[int]],
    csrs: Sequence[Csr],
    tickets: int,
    random: Random,
) -> list[Distribution]:
    """The same for tickets that come to the teams in turn; of each, the shares of its members.

    ``teams``: who is in each, by their places among the ``csrs``. Capacity counts over all teams.
    """
    loads = [0] * len(csrs)
    queues = [_Queue(members, csrs, loads) for members in teams]
    for ticket in range(tickets):
        queues[ticket % len(queues)].give(strategy, ticket, random)
    return [queue.distribution for queue in queues]


class _Queue:
    """``loads``: how many tickets each of the ``csrs`` has, in all teams."""

    def __init__(self, members: Sequence[int], csrs: Sequence[Csr], loads: list[int]) -> None:
        self._csrs = csrs
        self._loads = loads
        self._candidates = [Candidate(UUID(int=n), True, 0, csrs[n].capacity) for n in members]
        self._assigned = dict.fromkeys(members, 0)
        self._meanwhile = dict.fromkeys(members, 0)
        self._turn = 0
        self._waiting = 0

    def give(self, strategy: Strategy, ticket: int, random: Random) -> None:
        for candidate in self._candidates:
            is_away = self._csrs[candidate.user_id.int].is_away(ticket)
            is_back = not candidate.available and not is_away
            candidate.catching_up = candidate.catching_up or is_back
            candidate.available = not is_away
            candidate.open_tickets = self._loads[candidate.user_id.int]
        for settled in caught_up(self._candidates):
            settled.catching_up = False
        if (chosen := choose(strategy, self._candidates, random)) is None:
            self._waiting += 1
            return
        self._turn += 1
        chosen.turn = self._turn
        self._loads[chosen.user_id.int] += 1
        self._assigned[chosen.user_id.int] += 1
        for candidate in self._candidates:
            self._meanwhile[candidate.user_id.int] += candidate.available

    @property
    def distribution(self) -> Distribution:
        shares = [Share(self._assigned[n], self._meanwhile[n]) for n in self._assigned]
        return Distribution(shares, self._waiting)
