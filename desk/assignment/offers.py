"""Offers: for how long a ticket stays with somebody who neither reads nor answers it."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session

from desk import deadlines
from desk.assignment.cursors import Cursor
from desk.events import MESSAGES, Assigned
from models import Event, ReadCursor, Team, Ticket

OFFER = "offer"
# So often a ticket goes on to the next; the last one keeps it.
MOST_OFFERS = 3


def arm(session: Session, cursor: Cursor, ticket: Ticket, event: Event) -> None:
    """Has it looked at later whether the one who was given the ticket by ``event`` cares for it."""
    minutes = cursor.answer_within_minutes if isinstance(cursor, Team) else None
    if minutes is None or len(ticket.offered_to) >= MOST_OFFERS:
        return
    due_at = event.at + timedelta(minutes=minutes)
    data = {"seq": event.seq}
    deadlines.arm(session, OFFER, ticket.id, due_at, ticket_id=ticket.id, data=data)


def is_left_lying(session: Session, ticket: Ticket, seq: int) -> bool:
    """Whether it is still with who was given it by this event, and they neither read nor wrote."""
    holder: UUID | None = ticket.assigned_to_id
    if holder is None:
        return False
    after: list[Any] = [Event.ticket_id == ticket.id, Event.seq > seq]
    moved_on = exists().where(*after, Event.kind == Assigned.kind)
    wrote = exists().where(*after, Event.kind.in_(MESSAGES), Event.actor_id == holder)
    mine = [ReadCursor.ticket_id == ticket.id, ReadCursor.user_id == holder]
    read = exists().where(*mine, ReadCursor.seq >= seq)
    return not session.scalar(select(or_(moved_on, wrote, read)))
