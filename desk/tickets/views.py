"""A ticket as one person sees it, read column by column: lists and details share it."""

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, literal, select
from sqlalchemy.orm import Session

from desk.access import Actor, Audience, visible_to
from desk.errors import NotFound
from desk.events import MESSAGES, PUBLIC_MESSAGES
from desk.statements import Statement, param
from models import Event, Known, Priority, ReadCursor, Status, Ticket


# Neither frozen nor slotted: to make and to encode one costs a third so, and a list is many.
@dataclass
class TicketView:
    """A ticket as one person sees it: ``seq``, ``unread``, ``version`` and ``tags`` are theirs."""

    id: UUID
    number: int
    title: str
    description: str
    category: str
    type: str
    status: Status
    priority: Priority | None
    tags: list[str]
    user_id: UUID
    assigned_to_id: UUID | None
    created_at: datetime
    updated_at: datetime
    first_response_at: datetime | None
    resolved_at: datetime | None
    closed_at: datetime | None
    # Every change is an event, so the newest event's number is the version.
    version: int
    seq: int
    # Messages by others that the person has not read.
    unread: int


def columns(audience: Audience) -> list[Any]:
    """A ticket's columns in the order of `TicketView`, without ``unread``.

    Customers are not shown what the staff do among themselves: neither the tags nor, by a
    version or a time that moves, that there was a note.
    """
    staff = audience is Audience.STAFF
    seq = Ticket.last_seq if staff else Ticket.last_public_seq
    return [
        Ticket.id,
        Ticket.number,
        Ticket.title,
        Ticket.description,
        Ticket.category,
        Ticket.type,
        Ticket.status,
        Ticket.priority,
        Ticket.tags if staff else literal([], Ticket.tags.type).label("tags"),
        Ticket.user_id,
        Ticket.assigned_to_id,
        Ticket.created_at,
        (Ticket.updated_at if staff else Ticket.public_updated_at).label("updated_at"),
        Ticket.first_response_at,
        Ticket.resolved_at,
        Ticket.closed_at,
        seq.label("version"),
        seq.label("seq"),
    ]


def unread(user_id: ColumnElement[UUID], audience: Audience) -> ColumnElement[int]:
    """How many messages by others the person has not read on the ticket of the outer query."""
    read = (
        select(ReadCursor.seq)
        .where(ReadCursor.user_id == user_id, ReadCursor.ticket_id == Ticket.id)
        # Two selects deep, the outer query's tables would be joined anew if this were not said.
        .correlate_except(ReadCursor)
        .scalar_subquery()
    )
    kinds = MESSAGES if audience is Audience.STAFF else PUBLIC_MESSAGES
    return (
        select(func.count())
        .select_from(Event)
        .where(
            Event.ticket_id == Ticket.id,
            Event.seq > func.coalesce(read, 0),
            Event.kind.in_(kinds),
            Event.actor_id != user_id,
        )
        .correlate_except(Event)
        .scalar_subquery()
        .label("unread")
    )


def views(audience: Audience, me: ColumnElement[UUID]) -> Select[*tuple[Any, ...]]:
    """The tickets that a person may see, as rows of `TicketView`."""
    return select(*columns(audience), unread(me, audience)).where(visible_to(audience, me))


STATUSES = Known(Status)
PRIORITIES = Known(Priority)
STATUS, PRIORITY = (
    [field.name for field in fields(TicketView)].index(name) for name in ("status", "priority")
)


def seen(*row: Any) -> TicketView:
    """A ticket from the values of a prepared row."""
    values = list(row)
    values[STATUS] = STATUSES[row[STATUS]]
    if row[PRIORITY] is not None:
        values[PRIORITY] = PRIORITIES[row[PRIORITY]]
    return TicketView(*values)


ME = param("me", Ticket.user_id.type)


def one(audience: Audience) -> Select[*tuple[Any, ...]]:
    """Ticket ``ticket_id``, if person ``me`` may see it."""
    return views(audience, ME).where(Ticket.id == param("ticket_id"))


# By audience: a ticket that one may see, and one of one's own.
VISIBLE = {audience: Statement.of(one(audience), seen) for audience in Audience}
OWN = {
    audience: Statement.of(one(audience).where(Ticket.user_id == ME), seen) for audience in Audience
}


def show(session: Session, actor: Actor, ticket_id: UUID) -> TicketView:
    found = VISIBLE[actor.audience].first(session, me=actor.id, ticket_id=ticket_id)
    if found is None:
        raise not_found()
    return found


def not_found() -> NotFound:
    return NotFound("ticket_not_found", "Ticket not found")
