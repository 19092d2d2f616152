"""Teams whose tickets the desk shares out while things break: fairly, and to who has room."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from config import Settings
from desk.assignment import teams
from desk.assignment.strategies import Strategy
from desk.tickets.tickets import ACTIVE
from models import AssignmentDecision, Event, Role, Ticket, User
from tests.factories import Person, database, people
from tools.chaos.checker import Fault, Violation

PAUSE = 0.05
TIGHT = 2


@dataclass
class Teams:
    """``even``: two that share a member, whose people always have room. ``tight``: one whose people
    have room for a ticket each.
    """

    settings: Settings
    members: dict[UUID, frozenset[UUID]]
    tight: UUID
    capacity: dict[UUID, int]
    # Who had more tickets than they may, as a snapshot of the database had it.
    exceeded: Counter[UUID] = field(default_factory=Counter)

    async def watch(self) -> None:
        """Looks until it is cancelled."""
        while True:
            await asyncio.to_thread(self._look)
            await asyncio.sleep(PAUSE)

    def _look(self) -> None:
        query = (
            select(Ticket.assigned_to_id, func.count())
            .where(ACTIVE, Ticket.assigned_to_id.is_not(None))
            .group_by(Ticket.assigned_to_id)
        )
        try:
            with database(self.settings) as session:
                loads = session.execute(query).all()
        except OperationalError:
            return  # Its connection was among those that were ended.
        self.exceeded.update(who for who, load in loads if who and load > self.capacity[who])

    def check(self) -> Iterator[Violation]:
        """To be asked at the end."""
        given = self.given()
        for team_id, members in self.members.items():
            where = f"team {team_id}"
            if outside := given[team_id].keys() - members:
                yield Violation(Fault.OUTSIDE, where, f"{outside} were given its tickets")
            shares = sorted(given[team_id][who] for who in members)
            if team_id != self.tight and shares[-1] - shares[0] > 1:
                yield Violation(Fault.UNFAIR, where, f"gave its members {shares}")
        for who, times in self.exceeded.items():
            yield Violation(Fault.OVERLOADED, str(who), f"seen {times} times past {who}'s capacity")

    def given(self) -> defaultdict[UUID, Counter[UUID]]:
        """How many tickets the desk gave to whom in each team."""
        query = (
            select(AssignmentDecision.team_id, Event.data["to"].astext)
            .join(AssignmentDecision.event)
            .where(
                AssignmentDecision.strategy.in_([*Strategy]),
                AssignmentDecision.team_id.is_not(None),
            )
        )
        given: defaultdict[UUID, Counter[UUID]] = defaultdict(Counter)
        with database(self.settings) as session:
            for team_id, to in session.execute(query):
                given[team_id][UUID(to)] += 1
        return given


def make(settings: Settings, staff: Sequence[Person]) -> Teams:
    ids = [person.id for person in staff]
    half = len(ids) // 2
    tight = [person.id for person in people(settings, *[Role.CSR] * TIGHT, capacity=1)]
    groups = {"even": ids[: half + 1], "even too": ids[half:], "tight": tight}
    with database(settings) as session:
        made = {
            teams.add(session, teams.NewTeam(name=name, members=group)).id: frozenset(group)
            for name, group in groups.items()
        }
        capacity = {user.id: user.capacity for user in session.scalars(select(User))}
    return Teams(settings, made, tight=list(made)[-1], capacity=capacity)
