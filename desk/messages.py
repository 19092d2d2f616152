"""Talking on a ticket: messages to everyone, notes among the staff."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from desk import notifications, search, tickets, timeline
from desk.access import Actor
from desk.errors import Conflict, Forbidden
from desk.text import ClientId, Content, Input
from models import Event, Kind, Status, Ticket


class NewMessage(Input):
    content: Content
    client_id: ClientId | None = None
    internal: bool = False


class Posted(NamedTuple):
    event: Event
    # False for a retry that found its message already stored.
    is_new: bool


def post(session: Session, actor: Actor, ticket_id: UUID, new: NewMessage, now: datetime) -> Posted:
    """Posts once per ``client_id``, however often it is called.

    Raises `NotFound`, `Forbidden` (a note by a customer), `Conflict` (``ticket_closed``,
    ``client_id_reused``).
    """
    ticket = tickets.held(session, actor, ticket_id)
    if new.internal and not actor.is_staff:
        raise Forbidden("csr_required", "Only staff write internal notes")
    kind = Kind.NOTE_POSTED if new.internal else Kind.MESSAGE_POSTED
    if new.client_id and (event := _sent_before(session, actor, ticket_id, new.client_id)):
        if (event.kind, event.content) != (kind, new.content):
            raise Conflict("client_id_reused", "This client_id was used for another message")
        return Posted(event, is_new=False)
    if ticket.status is Status.CLOSED:
        raise Conflict("ticket_closed", "The ticket is closed")
    event = timeline.record(
        session, ticket, kind, actor.id, now, content=new.content, client_id=new.client_id
    )
    search.add(session, ticket.id, new.content, staff_only=new.internal)
    notifications.of_message(session, ticket, event)
    if kind is Kind.MESSAGE_POSTED:
        _answered(session, actor, ticket, now)
    return Posted(event, is_new=True)


def _sent_before(session: Session, actor: Actor, ticket_id: UUID, client_id: str) -> Event | None:
    # The ticket is locked, so nobody can be storing the same one at this moment.
    return session.scalar(
        select(Event).where(
            Event.ticket_id == ticket_id,
            Event.actor_id == actor.id,
            Event.client_id == client_id,
        )
    )


def _answered(session: Session, actor: Actor, ticket: Ticket, now: datetime) -> None:
    if actor.id == ticket.user_id:
        if ticket.status is Status.RESOLVED:
            tickets.set_status(session, actor, ticket, Status.OPEN, now)
    elif ticket.first_response_at is None:
        ticket.first_response_at = now
