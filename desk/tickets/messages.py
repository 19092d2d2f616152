"""Talking on a ticket: messages to everyone, notes among the staff."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from desk.access import Actor
from desk.errors import Conflict, Forbidden
from desk.events import Message, MessagePosted, NotePosted
from desk.rows import EventRow
from desk.text import ClientId, Content, Input
from desk.tickets import tickets, timeline
from models import Event, Status


class NewMessage(Input):
    content: Content
    client_id: ClientId | None = None
    internal: bool = False

    def event(self) -> Message:
        kind = NotePosted if self.internal else MessagePosted
        return kind(client_id=self.client_id, content=self.content)


class Posted(NamedTuple):
    event: Event | EventRow
    # False for a retry that found its message already stored.
    is_new: bool


def post(
    session: Session, actor: Actor, ticket_id: UUID, new: NewMessage, now: datetime | None
) -> Posted:
    """Posts once per ``client_id``, however often it is called. `fast_path.posting`: the usual way.

    Raises `NotFound`, `Forbidden` (a note by a customer), `Conflict` (``ticket_closed``,
    ``client_id_reused``).
    """
    if new.internal and not actor.is_staff:
        tickets.get(session, actor, ticket_id)
        raise Forbidden("csr_required", "Only staff write internal notes")
    ticket = tickets.held(session, actor, ticket_id)
    if (event := _stored(session, actor, ticket_id, new)) is not None:
        return Posted(event, is_new=False)
    if ticket.status == Status.CLOSED:
        raise Conflict("ticket_closed", "The ticket is closed")
    event = timeline.record(session, ticket, new.event(), actor.id, now)
    is_customers = actor.id == ticket.user_id and not new.internal
    if is_customers and ticket.status == Status.RESOLVED:
        tickets.set_status(session, actor, ticket, Status.OPEN, now)
    return Posted(event, is_new=True)


def _stored(session: Session, actor: Actor, ticket_id: UUID, new: NewMessage) -> Event | None:
    """What the actor has sent by this ``client_id`` before. The ticket is locked."""
    if new.client_id is None:
        return None
    stored = session.scalar(
        select(Event).where(
            Event.ticket_id == ticket_id,
            Event.actor_id == actor.id,
            Event.client_id == new.client_id,
        )
    )
    if stored and (stored.kind, stored.content) != (new.event().kind, new.content):
        raise Conflict("client_id_reused", "This client_id was used for another message")
    return stored
