"""The pool: whom the desk considers for the tickets of a queue, and how each of them stands."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Select, and_, or_, select
from sqlalchemy.orm import Session

from desk.assignment.absences import IS_AWAY
from desk.assignment.agents import OPEN_TICKETS
from desk.assignment.strategies import Bar, Candidate, caught_up
from desk.statements import Statement, ids, in_array
from models import WORKS_HERE, Role, TeamMember, Ticket, User

CSR = and_(WORKS_HERE, User.role == Role.CSR, User.is_active)
# Of those who are not in the team, no more are told of.
MOST_OTHERS = 100


def _standing(
    user_id: UUID, available: bool, is_away: bool, open_tickets: int, capacity: int
) -> Candidate:
    bar = Bar.AWAY if is_away else None
    return Candidate(user_id, available and not is_away, open_tickets, capacity, bar=bar)


_STANDING = select(User.id, User.available, IS_AWAY, OPEN_TICKETS, User.capacity).order_by(User.id)
# Of the ``user_ids``; and of all but these.
STANDING = Statement.of(_STANDING.where(in_array(User.id, "user_ids")), _standing)
OTHERS = Statement.of(
    _STANDING.where(CSR, ~in_array(User.id, "user_ids")).limit(MOST_OTHERS), _standing
)


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
    found = STANDING.all(session, user_ids=ids(seats))
    for candidate in found:
        place = seats[candidate.user_id].place
        candidate.turn, candidate.catching_up = place.turn, place.catching_up
    return found


def not_in_team(session: Session, members: Collection[UUID]) -> list[Candidate]:
    """Other CSRs, who are not asked: for whoever wants to know why."""
    others = OTHERS.all(session, user_ids=ids(members))
    for other in others:
        other.bar = Bar.NOT_IN_TEAM
    return others


def standing(session: Session, ticket: Ticket, to: User | None = None) -> list[Candidate]:
    """How all stand whom the desk would consider, and the one who was chosen. Nobody is locked."""
    is_asked = CSR if to is None else or_(CSR, User.id == to.id)
    asked = session.execute(select(User.id, User.turn, User.skills).where(is_asked)).all()
    turns = {row.id: row.turn for row in asked}
    if ticket.team_id is not None:
        of_team = TeamMember.team_id == ticket.team_id
        members = select(TeamMember.user_id, TeamMember.turn).where(of_team)
        turns = {row.user_id: row.turn for row in session.execute(members)}
    able = {row.id for row in asked if {*ticket.required_skills} <= {*row.skills}}
    found = STANDING.all(session, user_ids=ids(row.id for row in asked))
    for candidate in found:
        candidate.turn = turns.get(candidate.user_id, 0)
        if candidate.user_id not in turns:
            candidate.bar = Bar.NOT_IN_TEAM
        elif not candidate.bar and candidate.user_id not in able:
            candidate.bar = Bar.LACKS_SKILL
    return found


def require(
    seats: Mapping[UUID, Seat], candidates: Iterable[Candidate], skills: Collection[str]
) -> None:
    """Bars those who lack one of the skills, and nobody else for that reason."""
    for candidate in candidates:
        if candidate.bar in (None, Bar.LACKS_SKILL):
            has_all = {*skills} <= {*seats[candidate.user_id].user.skills}
            candidate.bar = None if has_all else Bar.LACKS_SKILL


def settle(seats: Mapping[UUID, Seat], candidates: Sequence[Candidate]) -> None:
    for candidate in caught_up(candidates):
        seats[candidate.user_id].place.catching_up = candidate.catching_up = False


def is_member(session: Session, team_id: UUID, user_id: UUID) -> bool:
    return session.scalar(_members(team_id).where(TeamMember.user_id == user_id)) is not None


def _members(team_id: UUID) -> Select[UUID]:
    return select(TeamMember.user_id).where(TeamMember.team_id == team_id)
