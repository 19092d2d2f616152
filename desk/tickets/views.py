"""A ticket as one person sees it, read column by column: lists and details share it."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from pydantic import with_config
from sqlalchemy import Column, ColumnElement, Enum, Select, func, literal, select
from sqlalchemy.orm import Session

from desk.access import Actor, Audience, readable_to, visible_to
from desk.errors import NotFound
from desk.events import MESSAGES, PUBLIC_MESSAGES
from desk.rows import PersonName
from desk.statements import Statement, param
from models import (
    ACTIVE_STATUSES,
    Event,
    Known,
    Priority,
    ReadCursor,
    Status,
    Ticket,
    User,
    Values,
)
from models.columns import use_of

# Characters of a message that a ticket shows of its last one.
PREVIEW = 200


class Side(StrEnum):
    """The two that talk on a ticket: the one who opened it, and everybody else."""

    CUSTOMER = "customer"
    STAFF = "staff"


# None of these is frozen or slotted: to make and to encode one costs a third so, and a list is
# many.
@dataclass
class LastMessage:
    """The newest message; a note is none. ``preview``: its first 200 characters."""

    at: datetime
    by: Side
    preview: str


@dataclass
class TicketRow:
    """A ticket without its description, as lists show it and a change is told.

    ``seq``, ``unread``, ``version``, ``tags`` and ``fields`` are its reader's.
    """

    id: UUID
    number: int
    title: str
    category: str
    type: str
    status: Status
    priority: Priority | None
    tags: list[str]
    # Custom fields' values by their keys: those that its reader may see.
    fields: Values
    user_id: UUID
    assigned_to_id: UUID | None
    # Whose members it is given to; null: any CSR. Not shown to customers.
    team_id: UUID | None
    # Whoever is given it has all of these. Not shown to customers.
    required_skills: list[str]
    # Until when it is no work; null: it is awake. Not shown to customers.
    snoozed_until: datetime | None
    # The ticket that this one was merged into, where all that is asked of it is led to.
    merged_into_id: UUID | None
    created_at: datetime
    updated_at: datetime
    first_response_at: datetime | None
    resolved_at: datetime | None
    closed_at: datetime | None
    # Every change is an event, so the newest event's number is the version.
    version: int
    seq: int
    customer: PersonName
    assignee: PersonName | None
    last_message: LastMessage | None
    # Whose turn it is to write: by the last message, and as long as the ticket is work.
    waiting_on: Side | None
    # Messages by others that the person has not read.
    unread: int


@with_config(title="Ticket")
@dataclass
class TicketView(TicketRow):
    """A ticket as one person sees it: ``seq``, ``unread``, ``version``, ``tags`` and ``fields`` are
    theirs.
    """

    description: str


# Fields that have another name than their column, and fields that are in none.
NUMBERS = {"version": "last_seq", "seq": "last_seq"}
DERIVED = {"customer", "assignee", "last_message", "waiting_on", "unread"}
FIELDS = {
    field.name: Ticket.__mapper__.columns[NUMBERS.get(field.name, field.name)]
    for field in fields(TicketRow)
    if field.name not in DERIVED
}
ENUMS = [
    (place, Known(column.type.python_type))
    for place, column in enumerate(FIELDS.values())
    if isinstance(column.type, Enum)
]
STATUS, USER, ASSIGNEE = map([*FIELDS].index, ("status", "user_id", "assigned_to_id"))


def columns(audience: Audience) -> list[Any]:
    """What `to_row` takes, without ``unread``: the columns of `FIELDS`, and what follows in it.

    Customers are not shown what the staff do among themselves: neither tags and hidden fields
    nor, by a version or a time that moves, that there was a note.
    """
    shown = ((name, shown_to(audience, column)) for name, column in FIELDS.items())
    return [
        *(column if column.key == name else column.label(name) for name, column in shown),
        _name_of(Ticket.user_id).label("customer"),
        _name_of(Ticket.assigned_to_id).label("assignee"),
        Ticket.last_message_from_staff,
        _last_message().label("last_message"),
    ]


def shown_to(audience: Audience, column: Column[Any]) -> ColumnElement[Any]:
    """The column, or what the audience sees in its place."""
    for_customers = use_of(column).for_customers
    if audience is Audience.STAFF or for_customers is None:
        return column
    return for_customers()


# Looked up for what is shown alone, after it was sorted and cut; joined tables would be met first.


def _name_of(user_id: Any) -> ColumnElement[str]:
    name = select(User.full_name).where(User.id == user_id)
    return name.correlate_except(User).scalar_subquery()


def _last_message() -> ColumnElement[Any]:
    """Its time and its beginning, as a list: in one look-up."""
    shown = func.json_build_array(Event.at, func.left(Event.content, PREVIEW))
    said = select(shown).where(Event.ticket_id == Ticket.id, Event.seq == Ticket.last_message_seq)
    return said.correlate_except(Event).scalar_subquery()


def unread(user_id: ColumnElement[UUID], audience: Audience) -> ColumnElement[int]:
    """How many messages by others the person has not read on the ticket of the outer query."""
    count = _unread(func.count(), user_id, audience, Ticket.id.expression)
    return count.scalar_subquery().label("unread")


def has_unread(
    user_id: ColumnElement[UUID], audience: Audience, ticket_id: ColumnElement[UUID]
) -> ColumnElement[bool]:
    """Whether there are any, on a ticket of the outer query.

    The offset keeps the planner from joining the ticket to all messages of the desk.
    """
    return _unread(literal(1), user_id, audience, ticket_id).offset(0).exists()


def _unread(
    what: ColumnElement[int],
    user_id: ColumnElement[UUID],
    audience: Audience,
    ticket_id: ColumnElement[UUID],
) -> Select[int]:
    read = (
        select(ReadCursor.seq)
        .where(ReadCursor.user_id == user_id, ReadCursor.ticket_id == ticket_id)
        # Two selects deep, the outer query's tables would be joined anew if this were not said.
        .correlate_except(ReadCursor)
        .scalar_subquery()
    )
    kinds = MESSAGES if audience is Audience.STAFF else PUBLIC_MESSAGES
    return (
        select(what)
        .select_from(Event)
        .where(
            Event.ticket_id == ticket_id,
            Event.seq > func.coalesce(read, 0),
            Event.kind.in_(kinds),
            Event.actor_id != user_id,
        )
        .correlate_except(Event)
    )


def rows(audience: Audience, me: ColumnElement[UUID]) -> Select[*tuple[Any, ...]]:
    """The tickets that a person may see, for `to_row`."""
    return select(*columns(audience), unread(me, audience)).where(visible_to(audience, me))


def _shared(row: Sequence[Any]) -> list[Any]:
    """The fields of `TicketRow`, from the values of `columns` and ``unread``, which is the last."""
    values = list(row[: len(FIELDS)])
    customer, assignee, is_from_staff, said = row[len(FIELDS) : len(FIELDS) + 4]
    for place, members in ENUMS:
        if values[place] is not None:
            values[place] = members[values[place]]
    values.append(PersonName(values[USER], customer))
    values.append(PersonName(values[ASSIGNEE], assignee) if values[ASSIGNEE] else None)
    values.append(_message(is_from_staff, *said) if said else None)
    values.append(waiting_on(values[STATUS], is_from_staff))
    values.append(row[-1])
    return values


def _message(is_from_staff: bool, at: str, preview: str) -> LastMessage:
    by = Side.STAFF if is_from_staff else Side.CUSTOMER
    return LastMessage(datetime.fromisoformat(at), by, preview)


def waiting_on(status: Status, is_from_staff: bool | None) -> Side | None:
    """Whose turn it is; ``is_from_staff`` is None where nobody has said anything yet."""
    if status not in ACTIVE_STATUSES:
        return None
    return Side.CUSTOMER if is_from_staff else Side.STAFF


def to_row(*row: Any) -> TicketRow:
    """A ticket from the values of a row of `rows`."""
    return TicketRow(*_shared(row))


def to_view(*row: Any) -> TicketView:
    """A ticket from the values of a row of `one`."""
    values = _shared(row)
    values.append(row[-2])
    return TicketView(*values)


ME = param("me", Ticket.user_id.type)


def one(audience: Audience) -> Select[*tuple[Any, ...]]:
    """Ticket ``ticket_id``, if person ``me`` may see it."""
    shown = select(*columns(audience), Ticket.description, unread(ME, audience))
    return shown.where(readable_to(audience, ME), Ticket.id == param("ticket_id"))


# By audience: a ticket that one may see, and one of one's own.
VISIBLE = {audience: Statement.of(one(audience), to_view) for audience in Audience}
IS_OWN = readable_to(Audience.CUSTOMER, ME)
OWN = {audience: Statement.of(one(audience).where(IS_OWN), to_view) for audience in Audience}
# The id of the ticket with a ``number``, if person ``me`` may see it.
BY_NUMBER: dict[Audience, Statement[UUID]] = {
    audience: Statement.of(
        select(Ticket.id).where(
            Ticket.number == param("number", Ticket.number.type), readable_to(audience, ME)
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
