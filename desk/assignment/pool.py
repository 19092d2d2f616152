"""The pool: whom the desk considers for the tickets of a queue, and how each of them stands."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from desk.assignment.strategies import Bar, Candidate, caught_up
from desk.tickets import tickets
from models import Role, TeamMember, Ticket, User

CSR = (User.role == Role.CSR) & User.is_active
# Of those who are not in the team, no more are told of.
MOST_OTHERS = 100


@dataclass(slots=True)
class Seat:
    """A CSR and their place in the round of a queue: in a team the membership, else they."""

    user: User
    place: User | TeamMember


def locked(session: Session, team_id: UUID | None) -> dict[UUID, Seat]:
    """The active CSRs, of the team. Locked, so that nobody leaves while they are given something.

    The caller holds the cursor: nobody joins or leaves the team meanwhile.
    """
    query = select(User).where(CSR).order_by(User.id)
    if team_id is not None:
        query = query.where(User.id.in_(_members(team_id)))
    locking = query.with_for_update(key_share=True).execution_options(populate_existing=True)
    users = session.scalars(locking).all()
    if team_id is None:
        return {user.id: Seat(user, user) for user in users}
    # After the locks, as memberships are written under them.
    of_team = select(TeamMember).where(TeamMember.team_id == team_id)
    places = session.scalars(of_team.execution_options(populate_existing=True))
    place_of = {member.user_id: member for member in places}
    return {user.id: Seat(user, place_of[user.id]) for user in users}


def candidates(session: Session, seats: Mapping[UUID, Seat]) -> list[Candidate]:
    """As they stand, with the number of tickets that they have to work on in all teams."""
    loads = _loads(session, seats)
    return [
        _candidate(seat.user, loads, seat.place.turn, seat.place.catching_up)
        for seat in seats.values()
    ]


def not_in_team(session: Session, members: Collection[UUID]) -> list[Candidate]:
    """Other CSRs, who are not asked: for whoever wants to know why."""
    query = select(User).where(CSR, User.id.not_in(members)).order_by(User.id).limit(MOST_OTHERS)
    others = session.scalars(query).all()
    loads = _loads(session, [user.id for user in others])
    return [_candidate(user, loads, bar=Bar.NOT_IN_TEAM) for user in others]


def by_hand(session: Session, ticket: Ticket, to: User) -> list[Candidate]:
    """All whom the desk would have considered, and the one who was chosen. Nobody is locked."""
    users = session.scalars(select(User).where(or_(CSR, User.id == to.id))).all()
    loads = _loads(session, [user.id for user in users])
    if ticket.team_id is None:
        return [_candidate(user, loads, user.turn) for user in users]
    of_team = select(TeamMember.user_id, TeamMember.turn).where(
        TeamMember.team_id == ticket.team_id
    )
    turns = {row.user_id: row.turn for row in session.execute(of_team)}
    return [
        _candidate(user, loads, turns[user.id])
        if user.id in turns
        else _candidate(user, loads, bar=Bar.NOT_IN_TEAM)
        for user in users
    ]


def settle(seats: Mapping[UUID, Seat], candidates: Sequence[Candidate]) -> None:
    for candidate in caught_up(candidates):
        seats[candidate.user_id].place.catching_up = candidate.catching_up = False


def is_member(session: Session, team_id: UUID, user_id: UUID) -> bool:
    return session.scalar(_members(team_id).where(TeamMember.user_id == user_id)) is not None


def _members(team_id: UUID) -> Select[UUID]:
    return select(TeamMember.user_id).where(TeamMember.team_id == team_id)


def _loads(session: Session, user_ids: Iterable[UUID]) -> dict[UUID, int]:
    query = (
        select(Ticket.assigned_to_id, func.count())
        .where(Ticket.assigned_to_id.in_([*user_ids]), tickets.ACTIVE)
        .group_by(Ticket.assigned_to_id)
    )
    return {row[0]: row[1] for row in session.execute(query) if row[0]}


def _candidate(
    user: User,
    loads: Mapping[UUID, int],
    turn: int = 0,
    catching_up: bool = False,
    bar: Bar | None = None,
) -> Candidate:
    load = loads.get(user.id, 0)
    return Candidate(user.id, user.available, load, user.capacity, turn, catching_up, bar)
