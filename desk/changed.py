"""Tickets that changed, as those who are connected see them: many people in one query."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, String, any_, case, cast, func, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from desk.access import Audience
from desk.prepared import Prepared, value
from desk.views import TicketView, columns, seen, unread
from models import MESSAGES, Event, ReadCursor, Ticket


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


IDS: ARRAY[UUID] = ARRAY(Ticket.user_id.type)
_CHANGED = Ticket.id == any_(value("tickets", IDS))
_IS_MESSAGE = (
    Event.ticket_id == Ticket.id,
    Event.kind.in_(MESSAGES),
    Event.actor_id.is_not(None),
)


def _counted(key: ColumnElement[UUID], count: ColumnElement[int], of: Any) -> ColumnElement[Any]:
    """A column of counts, by the id of who they are about; null for none."""
    numbers = func.jsonb_object_agg(cast(key, String), count)
    return select(numbers).select_from(of).scalar_subquery()


def _by_author() -> ColumnElement[Any]:
    """How many messages each has written on the ticket of the outer query."""
    written = select(Event.actor_id, func.count().label("count")).where(*_IS_MESSAGE)
    authors = written.group_by(Event.actor_id).correlate(Ticket).subquery("authors")
    return _counted(authors.c.actor_id, authors.c["count"], authors)


def _by_reader() -> ColumnElement[Any]:
    """What those of the people who have ever read of the ticket have not read yet."""
    others = select(func.count()).where(
        *_IS_MESSAGE, Event.seq > ReadCursor.seq, Event.actor_id != ReadCursor.user_id
    )
    left = others.correlate(Ticket, ReadCursor).scalar_subquery()
    cursors = select(ReadCursor.user_id, left.label("count")).where(
        ReadCursor.ticket_id == Ticket.id, ReadCursor.user_id == any_(value("people", IDS))
    )
    readers = cursors.correlate(Ticket).subquery("readers")
    return _counted(readers.c.user_id, readers.c["count"], readers)


def _seen_by(*row: Any) -> tuple[Sequence[Any], Mapping[str, int], Mapping[str, int]]:
    return row[:-2], row[-2] or {}, row[-1] or {}


FOR_STAFF = Prepared.of(
    select(*columns(Audience.STAFF), _by_author(), _by_reader()).where(_CHANGED), _seen_by
)
FOR_CUSTOMERS = Prepared.of(
    select(*columns(Audience.CUSTOMER), unread(Ticket.user_id.expression, Audience.CUSTOMER)).where(
        _CHANGED, Ticket.user_id == any_(value("people", IDS))
    ),
    seen,
)


def for_staff(
    session: Session, ticket_ids: Sequence[UUID], people: Sequence[UUID]
) -> list[tuple[TicketView, list[UUID]]]:
    """Each of the tickets as the staff members see it, and who of them sees it so.

    They see the same but for ``unread``.
    """
    found = []
    asked = FOR_STAFF.all(session, tickets=list(ticket_ids), people=list(people))
    for ticket, by_author, by_reader in asked:
        total = sum(by_author.values())
        by_unread: defaultdict[int, list[UUID]] = defaultdict(list)
        for person in people:
            key = str(person)
            # Who has never read of it has read nothing of the others.
            left = by_reader.get(key, total - by_author.get(key, 0))
            by_unread[left].append(person)
        found += [(seen(*ticket, count), who) for count, who in by_unread.items()]
    return found


def for_customers(
    session: Session, ticket_ids: Sequence[UUID], people: Sequence[UUID]
) -> list[TicketView]:
    """Those of the tickets that belong to one of the customers, as their owner sees them."""
    return FOR_CUSTOMERS.all(session, tickets=list(ticket_ids), people=list(people))
