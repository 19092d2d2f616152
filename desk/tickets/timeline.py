"""The timeline of a ticket: writing to it, and reading on from a number."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Subquery, func, select
from sqlalchemy.orm import Session, aliased

from desk.access import Audience, numbered
from desk.causes import present_cause
from desk.event_data import EventData
from desk.events import Entry
from desk.outbox import outbox
from desk.rows import EventRow
from desk.statements import Statement, in_array, param
from desk.tickets.effects import EFFECTS
from desk.webhooks import webhook_queue
from desk.webhooks.webhook_queue import Asking
from models import Event, Ticket

# Bytes of texts: no read goes on after the event with which it has more than that. Whoever shows
# less at once finds that there is more.
LONGEST_READ = 512 * 1024


def record(
    session: Session,
    ticket: Ticket,
    event: EventData,
    actor_id: UUID | None,
    now: datetime | None,
    asking: Asking | None = None,
) -> Event:
    """Appends to the timeline of a ticket that the caller has locked, with all that follows.

    The lock lasts until the commit: that is why the order of the numbers is the order of the
    commits, and why whoever sees event n sees all before it. ``now`` is for imports and tests:
    the time of an event is otherwise the database's, under the lock, so that along the numbers it
    never goes back. ``asking``: what `webhook_queue.asking` says of the kind, for who records many
    of it at once and has asked already.
    """
    webhook_ids, clock = asking or webhook_queue.asking(session, event.kind)
    at = now or max(clock, ticket.updated_at)
    ticket.last_seq += 1
    ticket.updated_at = at
    if not event.is_internal:
        ticket.last_public_seq += 1
        ticket.public_updated_at = at
    row = Event(
        ticket_id=ticket.id,
        seq=ticket.last_seq,
        public_seq=None if event.is_internal else ticket.last_public_seq,
        kind=event.kind,
        actor_id=actor_id,
        at=at,
        cause=present_cause(session),
        **event.columns(),
    )
    session.add(row)
    outbox(session).events.append(row)
    with session.no_autoflush:  # The event is written before what refers to it, in one flush.
        for effect in EFFECTS:
            effect(session, Entry(ticket, row, event, webhook_ids, min(at, clock)))
    return row


def fitting(audience: Audience, limit: Any, *conditions: ColumnElement[bool]) -> Subquery:
    """So many of the events, oldest first, none of them after `LONGEST_READ`.

    What is not among them is not even looked at: its length is known without its text.
    """
    number = numbered(audience)
    before = func.sum(func.octet_length(Event.content)).over(order_by=number, rows=(None, -1))
    asked = select(Event, func.coalesce(before, 0).label("before")).where(*conditions)
    events = asked.order_by(number).limit(limit).subquery()
    return select(events).where(events.c.before <= LONGEST_READ).subquery()


def _after(audience: Audience) -> Select[*tuple[Any, ...]]:
    number = numbered(audience)
    conditions = (Event.ticket_id == param("ticket_id"), number > param("after"))
    event = aliased(Event, fitting(audience, param("limit"), *conditions))
    columns = [getattr(event, name) for name in EventRow._fields]
    return select(*columns).order_by(numbered(audience, event))


AFTER = {audience: Statement.of(_after(audience), EventRow) for audience in Audience}


def after(
    session: Session, ticket_id: UUID, seq: int, limit: int, audience: Audience = Audience.STAFF
) -> Sequence[EventRow]:
    """Events with a number over ``seq`` in the audience's numbering, oldest first.

    Fewer than there are where they are `LONGEST_READ`, but one at least.
    """
    return AFTER[audience].all(session, ticket_id=ticket_id, after=seq, limit=limit)


# The newest staff number of each of the tickets.
HEADS: Statement[tuple[UUID, int]] = Statement.of(
    select(Ticket.id, Ticket.last_seq).where(in_array(Ticket.id, "tickets")),
    lambda ticket_id, head: (ticket_id, head),
)
