"""A ticket as one person sees it, read column by column: lists and details share it."""

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import with_config
from sqlalchemy import Column, ColumnElement, Enum, Select, func, select
from sqlalchemy.orm import Session

from desk.access import Actor, Audience, visible_to
from desk.errors import NotFound
from desk.events import MESSAGES, PUBLIC_MESSAGES
from desk.statements import Statement, param
from models import Event, Known, Priority, ReadCursor, Status, Ticket
from models.columns import use_of


# Neither frozen nor slotted: to make and to encode one costs a third so, and a list is many.
@with_config(title="Ticket")
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


# Fields that have another name than their column.
NUMBERS = {"version": "last_seq", "seq": "last_seq"}
FIELDS = {
    field.name: Ticket.__mapper__.columns[NUMBERS.get(field.name, field.name)]
    for field in fields(TicketView)
    if field.name != "unread"
}
ENUMS = [
    (place, Known(column.type.python_type))
    for place, column in enumerate(FIELDS.values())
    if isinstance(column.type, Enum)
]


def columns(audience: Audience) -> list[Any]:
    """A ticket's columns in the order of `TicketView`, without ``unread``.

    Customers are not shown what the staff do among themselves: neither the tags nor, by a
    version or a time that moves, that there was a note.
    """
    shown = ((name, shown_to(audience, column)) for name, column in FIELDS.items())
    return [column if column.key == name else column.label(name) for name, column in shown]


def shown_to(audience: Audience, column: Column[Any]) -> ColumnElement[Any]:
    """The column, or what the audience sees in its place."""
    for_customers = use_of(column).for_customers
    if audience is Audience.STAFF or for_customers is None:
        return column
    return for_customers()


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


def to_view(*row: Any) -> TicketView:
    """A ticket from the values of a prepared row."""
    values = list(row)
    for place, members in ENUMS:
        if values[place] is not None:
            values[place] = members[values[place]]
    return TicketView(*values)


ME = param("me", Ticket.user_id.type)


def one(audience: Audience) -> Select[*tuple[Any, ...]]:
    """Ticket ``ticket_id``, if person ``me`` may see it."""
    return views(audience, ME).where(Ticket.id == param("ticket_id"))


# By audience: a ticket that one may see, and one of one's own.
VISIBLE = {audience: Statement.of(one(audience), to_view) for audience in Audience}
OWN = {
    audience: Statement.of(one(audience).where(Ticket.user_id == ME), to_view)
    for audience in Audience
}
# The id of the ticket with a ``number``, if person ``me`` may see it.
BY_NUMBER: dict[Audience, Statement[UUID]] = {
    audience: Statement.of(
        select(Ticket.id).where(
            Ticket.number == param("number", Ticket.number.type), visible_to(audience, ME)
        ),
        lambda ticket_id: ticket_id,
    )
    for audience in Audience
}


def show(session: Session, actor: Actor, ticket_id: UUID) -> TicketView:
    view = VISIBLE[actor.audience].first(session, me=actor.id, ticket_id=ticket_id)
    if view is None:
        raise not_found()
    return view


def not_found() -> NotFound:
    return NotFound("ticket_not_found", "Ticket not found")
