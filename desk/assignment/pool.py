"""The pool: whom the desk considers for the tickets of a queue, and how each of them stands."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.orm import Session

from desk.assignment.absences import IS_NOW
from desk.assignment.strategies import Bar, Candidate, caught_up
from desk.tickets import tickets
from models import WORKS_HERE, Absence, Role, TeamMember, Ticket, User

CSR = and_(WORKS_HERE, User.role == Role.CSR, User.is_active)
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
    turns = {user_id: seat.place.turn for user_id, seat in seats.items()}
    found = _candidates(session, [seat.user for seat in seats.values()], turns)
    for candidate in found:
        candidate.catching_up = seats[candidate.user_id].place.catching_up
    return found


def not_in_team(session: Session, members: Collection[UUID]) -> list[Candidate]:
    """Other CSRs, who are not asked: for whoever wants to know why."""
    query = select(User).where(CSR, User.id.not_in(members)).order_by(User.id).limit(MOST_OTHERS)
    others = _candidates(session, session.scalars(query).all(), {})
    for other in others:
        other.bar = Bar.NOT_IN_TEAM
    return others


def standing(session: Session, ticket: Ticket, to: User | None = None) -> list[Candidate]:
    """How all stand whom the desk would consider, and the one who was chosen. Nobody is locked."""
    is_asked = CSR if to is None else or_(CSR, User.id == to.id)
    users = session.scalars(select(User).where(is_asked)).all()
    turns = {user.id: user.turn for user in users}
    if ticket.team_id is not None:
        of_team = TeamMember.team_id == ticket.team_id
        members = select(TeamMember.user_id, TeamMember.turn).where(of_team)
        turns = {row.user_id: row.turn for row in session.execute(members)}
    found = _candidates(session, users, turns)
    for candidate, user in zip(found, users, strict=True):
        if user.id not in turns:
            candidate.bar = Bar.NOT_IN_TEAM
        elif not candidate.bar and not set(ticket.required_skills) <= set(user.skills):
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


def _loads(session: Session, user_ids: Iterable[UUID]) -> dict[UUID, int]:
    query = (
        select(Ticket.assigned_to_id, func.count())
        .where(Ticket.assigned_to_id.in_([*user_ids]), tickets.ACTIVE, tickets.AWAKE)
        .group_by(Ticket.assigned_to_id)
    )
    return {row[0]: row[1] for row in session.execute(query) if row[0]}


def _candidates(
    session: Session, users: Sequence[User], turns: Mapping[UUID, int]
) -> list[Candidate]:
    ids = [user.id for user in users]
    loads = _loads(session, ids)
    away = set(session.scalars(select(Absence.user_id).where(Absence.user_id.in_(ids), IS_NOW)))
    return [
        Candidate(
            user.id,
            user.available and user.id not in away,
            loads.get(user.id, 0),
            user.capacity,
            turns.get(user.id, 0),
            bar=Bar.AWAY if user.id in away else None,
        )
        for user in users
    ]
