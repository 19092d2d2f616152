"""Agents: the staff with their availability and their capacity for tickets."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import MISSING, Field, with_config
from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from desk.access import Actor
from desk.assignment import absences
from desk.assignment.absences import AGENTS, AVAILABLE, IS_NOW, TAKES_TICKETS
from desk.errors import NotFound
from desk.outbox import AgentChanged, outbox
from desk.statements import Statement, in_array
from desk.text import Input
from desk.tickets import tickets
from models import Absence, Role, Ticket, User

LARGEST_CAPACITY = 10_000
Capacity = Annotated[int, Field(ge=0, le=LARGEST_CAPACITY)]


# Without what sleeps.
OPEN_TICKETS = (
    select(func.count())
    .where(Ticket.assigned_to_id == User.id, tickets.ACTIVE, tickets.AWAKE)
    .scalar_subquery()
)
_AWAY_UNTIL = select(Absence.ends_at).where(Absence.user_id == User.id, IS_NOW).scalar_subquery()


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
    skills: list[str] = field(default_factory=list)
    # Until when they are away, by the clock.
    away_until: datetime | None = None


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
    """Says whether the actor takes tickets. Who goes away keeps what they have; who says that they
    are there ends an absence.
    """
    was_away = availability.available and absences.end(session, actor.id)
    query = select(User).where(User.id == actor.id, AGENTS).with_for_update(key_share=True)
    if (user := session.scalar(query)) is None:
        raise NotFound("user_not_found", "User not found")
    if availability.available and (was_away or not user.available):
        absences.start_catching_up(session, user.id)
    user.available = availability.available
    absences.note_availability(session, user.id)
    outbox(session).agents.append(AgentChanged(user.id))
    if availability.capacity is not MISSING:
        set_capacity(session, user, availability.capacity)
    session.flush()  # The answer is read from the table.
    return Agent(*session.execute(_agents(User.id == actor.id)).one())


def set_capacity(session: Session, user: User, capacity: int) -> None:
    if capacity > user.capacity:
        absences.start_catching_up(session, user.id)
    user.capacity = capacity
    outbox(session).agents.append(AgentChanged(user.id))


def _agents(
    condition: ColumnElement[bool],
) -> Select[*tuple[Any, ...]]:
    return select(
        User.id,
        User.full_name,
        User.role,
        AVAILABLE,
        User.capacity,
        OPEN_TICKETS,
        User.last_assigned_at,
        User.skills,
        _AWAY_UNTIL,
    ).where(condition)


# Of the ``user_ids``, who work here, or did.
LOADS = Statement.of(
    select(User.id, TAKES_TICKETS, OPEN_TICKETS, User.capacity).where(
        in_array(User.id, "user_ids")
    ),
    Load,
)
