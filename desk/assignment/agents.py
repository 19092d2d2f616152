"""Agents: the staff with their availability and their capacity for tickets."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import MISSING, Field, with_config
from sqlalchemy import ColumnElement, Select, and_, func, select, update
from sqlalchemy.orm import Session

from desk.access import Actor
from desk.errors import NotFound
from desk.jobs import Job
from desk.outbox import AgentChanged, outbox
from desk.statements import Statement, in_array
from desk.text import Input
from desk.tickets import tickets
from models import Role, TeamMember, Ticket, User

LARGEST_CAPACITY = 10_000
Capacity = Annotated[int, Field(ge=0, le=LARGEST_CAPACITY)]

AGENTS = and_(User.role != Role.USER, User.is_active)


_OPEN_TICKETS = (
    select(func.count()).where(Ticket.assigned_to_id == User.id, tickets.ACTIVE).scalar_subquery()
)


class Availability(Input):
    """``capacity`` counts only if it was sent."""

    available: bool
    capacity: Capacity | MISSING = MISSING


@dataclass(frozen=True, slots=True)
class Agent:
    user_id: UUID
    full_name: str
    role: Role
    available: bool
    capacity: int
    open_tickets: int
    last_assigned_at: datetime | None


@with_config(title="AgentLoad")
@dataclass(frozen=True, slots=True)
class Load:
    """How much somebody of the staff has; who does not work here any more is not available."""

    user_id: UUID
    available: bool
    open_tickets: int
    capacity: int


def agents(session: Session, *, limit: int, after: UUID | None) -> Sequence[Agent]:
    """The active staff, those who came first first."""
    query = _agents(AGENTS).order_by(User.id).limit(limit)
    if after is not None:
        query = query.where(User.id > after)
    return [Agent(*row) for row in session.execute(query)]


def count(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(User).where(AGENTS)) or 0


def set_availability(session: Session, actor: Actor, availability: Availability) -> Agent:
    """Says whether the actor takes tickets. Who goes away keeps what they have."""
    query = select(User).where(User.id == actor.id, AGENTS).with_for_update(key_share=True)
    if (user := session.scalar(query)) is None:
        raise NotFound("user_not_found", "User not found")
    if availability.available and not user.available:
        start_catching_up(session, user)
    user.available = availability.available
    outbox(session).agents.append(AgentChanged(user.id))
    if availability.capacity is not MISSING:
        set_capacity(session, user, availability.capacity)
    session.flush()  # The answer is read from the table.
    return Agent(*session.execute(_agents(User.id == actor.id)).one())


def set_capacity(session: Session, user: User, capacity: int) -> None:
    if capacity > user.capacity:
        start_catching_up(session, user)
    user.capacity = capacity
    outbox(session).agents.append(AgentChanged(user.id))


def start_catching_up(session: Session, user: User) -> None:
    """For who came, came back or takes more: what waits may be theirs, but not all at once."""
    user.catching_up = True
    theirs = update(TeamMember).where(TeamMember.user_id == user.id)
    session.execute(theirs.values(catching_up=True))
    outbox(session).wakes.add(Job.DRAIN_ASSIGNMENT)


def _agents(
    condition: ColumnElement[bool],
) -> Select[UUID, str, Role, bool, int, int, datetime | None]:
    return select(
        User.id,
        User.full_name,
        User.role,
        User.available,
        User.capacity,
        _OPEN_TICKETS,
        User.last_assigned_at,
    ).where(condition)


# Of the ``user_ids``, who work here, or did.
LOADS = Statement.of(
    select(User.id, and_(User.available, AGENTS), _OPEN_TICKETS, User.capacity).where(
        in_array(User.id, "user_ids")
    ),
    Load,
)
