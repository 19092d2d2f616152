"""Tickets that changed, as those who are connected see them: many people in one query."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple, Self
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    String,
    Uuid,
    any_,
    case,
    cast,
    func,
    select,
    tuple_,
)

from desk.access import Audience
from desk.events import MESSAGES
from desk.statements import Statement, in_array, param
from desk.tickets.matching import Turn
from desk.tickets.views import TicketRow, columns, to_row, unread
from models import Event, ReadCursor, Ticket, bucket


class Head(NamedTuple):
    """Where a ticket stands, in the numbers of the staff and of the customers.

    ``public_seq`` is 0 where lately nothing has happened that customers may know.
    """

    ticket_id: UUID
    seq: int
    public_seq: int


# As many as are read at once of those that moved.
MOVED_PAGE = 1_000
SINCE = param("since", Ticket.updated_at.type)
_AFTER = param("after_time", Ticket.updated_at.type)
_PLACE = tuple_(bucket(_AFTER), _AFTER, param("after_id", Ticket.id.type))
_ORDER = (Ticket.updated_bucket, Ticket.updated_at, Ticket.id)


def _moved(ticket_id: UUID, seq: int, public_seq: int, at: datetime) -> tuple[Head, datetime]:
    return Head(ticket_id, seq, public_seq), at


# The tickets on which something has happened ``since`` then, with when, in that order; the page
# after a place in it.
MOVED = Statement.of(
    select(
        Ticket.id,
        Ticket.last_seq,
        case((Ticket.public_updated_at > SINCE, Ticket.last_public_seq), else_=0),
        Ticket.updated_at,
    )
    .where(tuple_(*_ORDER) > _PLACE)
    .order_by(*_ORDER)
    .limit(param("limit")),
    _moved,
)
_CHANGED = in_array(Ticket.id, "tickets")
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
        ReadCursor.ticket_id == Ticket.id, in_array(ReadCursor.user_id, "people")
    )
    readers = cursors.correlate(Ticket).subquery("readers")
    return _counted(readers.c.user_id, readers.c["count"], readers)


# The events of tickets, each after a number and a time of its own: ``after`` and ``since`` are as
# many as the `ids`, each an `array`.
TURNS = Statement(
    """
    select e.ticket_id, e.kind, e.data
    from unnest(%(tickets)s::uuid[], %(after)s::bigint[], %(since)s::timestamptz[])
        as shown (ticket_id, seq, at)
    join events e on e.ticket_id = shown.ticket_id and e.seq > shown.seq and e.at > shown.at
    """,
    Turn,
)


class Changed(NamedTuple):
    """A ticket as all of the staff see it, but for what each of them has not read."""

    # What `to_row` takes, without ``unread``.
    ticket: Sequence[Any]
    # How many messages each has written; and how many they have not read who ever read of it.
    by_author: Mapping[str, int]
    by_reader: Mapping[str, int]

    @classmethod
    def of(cls, *row: Any) -> Self:
        *ticket, by_author, by_reader = row
        return cls(ticket, by_author or {}, by_reader or {})

    @property
    def whole(self) -> TicketRow:
        """As somebody sees it who has read all of it."""
        return to_row(*self.ticket, 0)

    def seen_by(self, people: set[str]) -> Iterator[tuple[TicketRow, set[str]]]:
        """As the people see it, and who of them sees it so."""
        total = sum(self.by_author.values())
        # Who has never read of it has read nothing of the others.
        left = {person: total - own for person, own in self.by_author.items()}
        left |= self.by_reader
        by_unread: defaultdict[int, set[str]] = defaultdict(set)
        by_unread[total] = people - left.keys()
        for person in people & left.keys():
            by_unread[left[person]].add(person)
        for unread_by_them, who in by_unread.items():
            if who:
                yield to_row(*self.ticket, unread_by_them), who


class Shown(NamedTuple):
    """A ticket, and the customer who sees it so."""

    person: UUID
    ticket: TicketRow


# Both are given ``tickets`` and ``people`` as `ids`.
FOR_STAFF = Statement.of(
    select(*columns(Audience.STAFF), _by_author(), _by_reader()).where(_CHANGED), Changed.of
)
_READER = (
    select(func.unnest(func.array_append(Ticket.participant_ids, Ticket.user_id)).label("id"))
    .correlate(Ticket)
    .lateral("reader")
    .c.id
)
# The tickets as those of the people see them whose own they are.
FOR_CUSTOMERS = Statement.of(
    select(_READER, *columns(Audience.CUSTOMER), unread(_READER, Audience.CUSTOMER)).where(
        _CHANGED, any_(param("people", ARRAY(Uuid))) == _READER
    ),
    lambda person, *ticket: Shown(person, to_row(*ticket)),
)
