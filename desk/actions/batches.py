"""Batches: what was done to a ticket at once, once, and which events that were."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from desk.access import Actor
from desk.causes import Cause, CauseType, caused_by
from desk.rows import EventRow
from desk.tickets import tickets
from desk.tickets.views import TicketView
from models import Batch, Event, Ticket

COLUMNS = [getattr(Event, name) for name in EventRow._fields]


@dataclass(frozen=True, slots=True)
class Done:
    """A ticket as it is now, and what a batch did to it."""

    ticket: TicketView
    events: Sequence[EventRow]

    @classmethod
    def of(cls, session: Session, actor: Actor, ticket: Ticket, batch: Batch) -> "Done":
        return cls(tickets.view(session, actor, ticket), events(session, batch))


@contextmanager
def batch(
    session: Session,
    actor: Actor,
    ticket: Ticket,
    cause: CauseType,
    cause_id: UUID,
    client_id: str | None = None,
) -> Iterator[Batch]:
    """All events that are recorded meanwhile, on a ticket that is held, are of one batch."""
    row = Batch(
        id=uuid7(),
        ticket_id=ticket.id,
        actor_id=actor.id,
        client_id=client_id,
        cause_type=cause,
        cause_id=cause_id,
        first_seq=ticket.last_seq + 1,
    )
    with caused_by(session, Cause(cause, cause_id, row.id)):
        yield row
    row.last_seq = ticket.last_seq
    session.add(row)


def of_client(session: Session, actor: Actor, ticket_id: UUID, client_id: str) -> Batch | None:
    """What the actor has asked for by this ``client_id`` before. The ticket is held."""
    query = select(Batch).where(
        Batch.ticket_id == ticket_id, Batch.actor_id == actor.id, Batch.client_id == client_id
    )
    return session.scalar(query)


def events(session: Session, batch: Batch) -> Sequence[EventRow]:
    """The events of a batch, in their order."""
    query = select(*COLUMNS).where(
        Event.ticket_id == batch.ticket_id, Event.seq.between(batch.first_seq, batch.last_seq)
    )
    return [EventRow(*row) for row in session.execute(query.order_by(Event.seq))]


def events_since(session: Session, batch: Batch, kinds: Collection[str]) -> Sequence[EventRow]:
    """What of these kinds has happened on the ticket after it, in its order."""
    query = select(*COLUMNS).where(
        Event.ticket_id == batch.ticket_id, Event.seq > batch.last_seq, Event.kind.in_(kinds)
    )
    return [EventRow(*row) for row in session.execute(query.order_by(Event.seq))]
