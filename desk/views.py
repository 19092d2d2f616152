"""A ticket as one person sees it, read column by column: lists and details share it."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, bindparam, case, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY, aggregate_order_by
from sqlalchemy.orm import Session

from desk.access import Actor, Audience, visible_to
from desk.errors import NotFound
from desk.prepared import Prepared, value
from models import Event, Kind, Priority, ReadCursor, Status, Ticket


@dataclass(frozen=True, slots=True)
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
    kinds = [Kind.MESSAGE_POSTED]
    if audience is Audience.STAFF:
        kinds.append(Kind.NOTE_POSTED)
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


STATUS, PRIORITY = (
    [field.name for field in fields(TicketView)].index(name) for name in ("status", "priority")
)


def seen(*row: Any) -> TicketView:
    """A ticket from the values of a prepared row."""
    values = list(row)
    values[STATUS] = Status(row[STATUS])
    if row[PRIORITY]:
        values[PRIORITY] = Priority(row[PRIORITY])
    return TicketView(*values)


ME = value("me", Ticket.user_id.type)


def one(audience: Audience) -> Select[*tuple[Any, ...]]:
    """Ticket ``ticket_id``, if person ``me`` may see it."""
    return views(audience, ME).where(Ticket.id == value("ticket_id"))


# By audience: a ticket that one may see, and one of one's own.
VISIBLE = {audience: Prepared.of(one(audience), seen) for audience in Audience}
OWN = {
    audience: Prepared.of(one(audience).where(Ticket.user_id == ME), seen) for audience in Audience
}


def show(session: Session, actor: Actor, ticket_id: UUID) -> TicketView:
    found = VISIBLE[actor.audience].first(session, me=actor.id, ticket_id=ticket_id)
    if found is None:
        raise not_found()
    return found


def not_found() -> NotFound:
    return NotFound("ticket_not_found", "Ticket not found")


@dataclass(frozen=True, slots=True)
class Head:
    """Where a ticket stands, in the numbers of the staff and of the customers.

    ``public_seq`` is 0 where lately nothing has happened that customers may know.
    """

    ticket_id: UUID
    seq: int
    public_seq: int


def moved_since(session: Session, since: datetime) -> list[Head]:
    """The tickets on which something has happened."""
    public_seq = case((Ticket.public_updated_at > since, Ticket.last_public_seq), else_=0)
    query = select(Ticket.id, Ticket.last_seq, public_seq).where(Ticket.updated_at > since)
    return [Head(*row) for row in session.execute(query)]


def _listed(value: Any, order: Any, *where: ColumnElement[bool]) -> ColumnElement[Any]:
    """A column of what belongs to the outer query's ticket, as an array."""
    found = func.array_agg(aggregate_order_by(value, order))
    return select(found).where(*where).correlate(Ticket).scalar_subquery()


_WRITTEN = (
    Event.ticket_id == Ticket.id,
    Event.kind.in_([Kind.MESSAGE_POSTED, Kind.NOTE_POSTED]),
    Event.actor_id.is_not(None),
)
_READ = (
    ReadCursor.ticket_id == Ticket.id,
    ReadCursor.user_id == func.any(bindparam("people", type_=ARRAY(Ticket.user_id.type))),
)
# Built once. Arrays, so that a ticket is one row however many people there are and a message is
# looked at once, not once for each of them.
_FOR_STAFF = select(
    *columns(Audience.STAFF),
    _listed(Event.seq, Event.seq, *_WRITTEN),
    _listed(Event.actor_id, Event.seq, *_WRITTEN),
    _listed(ReadCursor.user_id, ReadCursor.user_id, *_READ),
    _listed(ReadCursor.seq, ReadCursor.user_id, *_READ),
).where(Ticket.id == func.any(bindparam("tickets", type_=ARRAY(Ticket.user_id.type))))


def for_staff(
    session: Session, ticket_ids: Sequence[UUID], people: Sequence[UUID]
) -> list[tuple[TicketView, list[UUID]]]:
    """Each of the tickets as the staff members see it, and who of them sees it so.

    They see the same but for ``unread``.
    """
    found = []
    given = {"tickets": ticket_ids, "people": people}
    for *ticket, seqs, actors, readers, read in session.execute(_FOR_STAFF, given):
        cursors = dict(zip(readers or (), read or (), strict=True))
        by_unread: defaultdict[int, list[UUID]] = defaultdict(list)
        for person, count in _unread_by(people, seqs or [], actors or [], cursors):
            by_unread[count].append(person)
        found += [(_view([*ticket, count]), who) for count, who in by_unread.items()]
    return found


def _unread_by(
    people: Sequence[UUID], seqs: list[int], actors: list[UUID], cursors: dict[UUID, int]
) -> Iterator[tuple[UUID, int]]:
    """How many of the messages each person has not read, their own aside."""
    own: defaultdict[UUID, list[int]] = defaultdict(list)
    for seq, actor in zip(seqs, actors, strict=True):
        own[actor].append(seq)
    for person in people:
        cursor = cursors.get(person, 0)
        yield person, _after(cursor, seqs) - _after(cursor, own.get(person, []))


def _after(cursor: int, seqs: list[int]) -> int:
    return len(seqs) - bisect_right(seqs, cursor)


_FOR_CUSTOMERS = select(
    *columns(Audience.CUSTOMER), unread(Ticket.user_id.expression, Audience.CUSTOMER)
).where(
    Ticket.id == func.any(bindparam("tickets", type_=ARRAY(Ticket.user_id.type))),
    Ticket.user_id == func.any(bindparam("people", type_=ARRAY(Ticket.user_id.type))),
)


def for_customers(
    session: Session, ticket_ids: Sequence[UUID], people: Sequence[UUID]
) -> list[TicketView]:
    """Those of the tickets that belong to one of the customers, as their owner sees them."""
    given = {"tickets": ticket_ids, "people": people}
    return [_view(row) for row in session.execute(_FOR_CUSTOMERS, given)]


def _view(row: Sequence[Any]) -> TicketView:
    return TicketView(*row)
