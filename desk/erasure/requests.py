"""Customers ask for their data to be erased: with a ticket, as somebody of the staff decides it."""

import zlib
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from desk.access import Actor
from desk.tickets import tickets
from desk.tickets.tickets import ACTIVE, NewTicket
from desk.tickets.views import TicketView
from models import Ticket

# By these the staff know such a ticket, whatever the language.
CATEGORY, TYPE = "Privacy", "Erasure"
REQUEST = NewTicket(
    title="Please erase my data",
    description="I ask you to erase what you keep of me.",
    category=CATEGORY,
    type=TYPE,
)


def ask(session: Session, actor: Actor, now: datetime | None = None) -> TicketView:
    """The ticket that asks for it: the one that is open already, if there is one."""
    # Of two at once, the second finds the first one's.
    key = zlib.crc32(b"erasure" + actor.id.bytes)
    session.execute(select(func.pg_advisory_xact_lock(key)))
    of_theirs = (Ticket.user_id == actor.id, Ticket.category == CATEGORY, Ticket.type == TYPE)
    asked = select(Ticket).where(*of_theirs, ACTIVE)
    known = session.scalars(asked.order_by(Ticket.id).limit(1)).first()
    if known is not None:
        return tickets.view(session, actor, known)
    return tickets.open_ticket(session, actor, REQUEST, now, is_asked=False)
