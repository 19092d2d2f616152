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
    candidates = [Candidate(UUID(int=n), True, 0, csr.capacity) for n, csr in enumerate(csrs)]
    assigned = [0] * len(csrs)
    meanwhile = [0] * len(csrs)
    turn = 0
    for ticket in range(tickets):
        for csr, candidate in zip(csrs, candidates, strict=True):
            is_back = not candidate.available and not csr.is_away(ticket)
            candidate.catching_up = candidate.catching_up or is_back
            candidate.available = not csr.is_away(ticket)
        for settled in caught_up(candidates):
            settled.catching_up = False
        if (chosen := choose(strategy, candidates, random)) is None:
            continue
        turn += 1
        chosen.turn = turn
        chosen.open_tickets += 1
        assigned[chosen.user_id.int] += 1
        for n, candidate in enumerate(candidates):
            meanwhile[n] += candidate.available
    shares = [Share(*share) for share in zip(assigned, meanwhile, strict=True)]
    return Distribution(shares, tickets - turn)
