"""Reading a timeline as a person may see it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from desk.access import Actor, Audience, numbered
from desk.events import MESSAGES
from desk.rows import EventRow
from desk.statements import Statement
from desk.tickets import tickets, timeline, views
from desk.tickets.views import TicketView
from models import Event, Ticket


@dataclass(frozen=True, slots=True)
class History:
    """Events after a given number, oldest first, and the ticket as it stood when they were read.

    ``head`` is the staff's number of the newest event, whoever reads.
    """

    ticket: TicketView
    head: int
    events: Sequence[EventRow]


def _stands(*row: Any) -> tuple[TicketView, int]:
    return views.seen(*row[:-1]), row[-1]


# By audience: a ticket that one may see, and the staff's number of its newest event.
STANDS = {
    audience: Statement.of(views.one(audience).add_columns(Ticket.last_seq), _stands)
    for audience in Audience
}


def read(session: Session, actor: Actor, ticket_id: UUID, seq: int, limit: int) -> History:
    """The history as the actor may see it.

    The ticket is read first: every event up to its head was committed by then, so what is
    committed between the two reads can be left out without a hole.
    """
    row = STANDS[actor.audience].first(session, me=actor.id, ticket_id=ticket_id)
    if row is None:
        raise views.not_found()
    ticket, head = row
    events = timeline.after(session, ticket_id, seq, limit, actor.audience)
    return History(ticket, head, [e for e in events if e.seq <= head])


def messages(
    session: Session, actor: Actor, ticket_id: UUID, seq: int, limit: int
) -> Sequence[Event]:
    """Messages (for staff also notes) with a number over ``seq``, oldest first.

    Fewer than there are where they are long, as in `timeline.after`.
    """
    tickets.get(session, actor, ticket_id)
    audience = actor.audience
    of_ticket, later = Event.ticket_id == ticket_id, numbered(audience) > seq
    rows = timeline.fitting(audience, limit, of_ticket, later, Event.kind.in_(MESSAGES))
    event = aliased(Event, rows)
    return session.scalars(select(event).order_by(numbered(audience, event))).all()


def count(session: Session, actor: Actor, ticket_id: UUID, *, messages_only: bool) -> int:
    """The events of a ticket that the actor may know of, or the messages among them."""
    tickets.get(session, actor, ticket_id)
    query = select(func.count()).select_from(Event)
    query = query.where(Event.ticket_id == ticket_id, numbered(actor.audience).is_not(None))
    if messages_only:
        query = query.where(Event.kind.in_(MESSAGES))
    return session.scalar(query) or 0
