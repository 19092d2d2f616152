"""Reading a timeline as a person may see it."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from desk import tickets, timeline
from desk.access import Actor, numbered
from models import MESSAGES, Event, Ticket


@dataclass(frozen=True, slots=True)
class History:
    """Events after a given number, oldest first, and where the ticket stood when they were read.

    ``head`` is the staff's number of the newest event, whoever reads.
    """

    ticket: Ticket
    head: int
    events: Sequence[Event]


def read(session: Session, actor: Actor, ticket_id: UUID, seq: int, limit: int) -> History:
    """The history as the actor may see it.

    The ticket is read first: every event up to its head was committed by then, so what is
    committed between the two reads can be left out without a hole.
    """
    ticket = tickets.seen(session, actor, ticket_id)
    events = timeline.after(session, ticket_id, seq, limit, actor.audience)
    return History(ticket, ticket.last_seq, [e for e in events if e.seq <= ticket.last_seq])


def messages(
    session: Session, actor: Actor, ticket_id: UUID, seq: int, limit: int
) -> Sequence[Event]:
    """Messages (for staff also notes) with a number over ``seq``, oldest first."""
    tickets.seen(session, actor, ticket_id)
    number = numbered(actor.audience)
    query = select(Event).where(
        Event.ticket_id == ticket_id, number > seq, Event.kind.in_(MESSAGES)
    )
    return session.scalars(query.order_by(number).limit(limit)).all()
