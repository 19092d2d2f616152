"""Talking on a ticket: messages to everyone, notes among the staff."""

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from desk import deliveries, notifications, tickets
from desk.access import Actor
from desk.errors import Conflict, Forbidden
from desk.outbox import outbox
from desk.prepared import Prepared
from desk.text import ClientId, Content, Input
from desk.views import not_found
from models import Event, Kind, Status, Ticket


class NewMessage(Input):
    content: Content
    client_id: ClientId | None = None
    internal: bool = False


class Posted(NamedTuple):
    event: Event
    # False for a retry that found its message already stored.
    is_new: bool


# Waits for the ticket's lock, which `timeline.record` says why, and writes all that belongs to a
# message: nothing if the ticket is closed, or if its ``client_id`` was used before.
POST: Prepared[tuple[Any, ...]] = Prepared(
    f"""
    with ticket as materialized (
        select * from tickets
        where id = %(ticket_id)s and (%(is_staff)s or user_id = %(actor_id)s)
        for no key update
    ),
    said as (
        insert into events (
            ticket_id, seq, public_seq, id, kind, actor_id, at, client_id, content, data
        )
        select
            id, last_seq + 1, case when %(is_note)s then null else last_public_seq + 1 end,
            %(event_id)s, %(kind)s::varchar, %(actor_id)s, %(now)s, %(client_id)s, %(content)s,
            '{{}}'
        from ticket
        where status <> 'closed'
        on conflict (ticket_id, actor_id, client_id) do nothing
        returning ticket_id, seq, public_seq
    ),
    moved as (
        update tickets set
            last_seq = said.seq,
            updated_at = %(now)s,
            last_public_seq = coalesce(said.public_seq, last_public_seq),
            public_updated_at = case when %(is_note)s then public_updated_at else %(now)s end,
            first_response_at = case
                when %(is_note)s or user_id = %(actor_id)s then first_response_at
                else coalesce(first_response_at, %(now)s)
            end
        from said
        where tickets.id = said.ticket_id
    ),
    unindexed as (insert into unindexed_events select ticket_id, seq from said)
    select
        said.seq, said.public_seq, {deliveries.ASKING},
        ticket.id, number, title, category, type, status, priority, tags, user_id, assigned_to_id
    from ticket left join said on true
    """,
    lambda *row: row,
)
TICKET = (
    "id", "number", "title", "category", "type", "status", "priority", "tags", "user_id",
    "assigned_to_id",
)  # fmt: skip


def post(session: Session, actor: Actor, ticket_id: UUID, new: NewMessage, now: datetime) -> Posted:
    """Posts once per ``client_id``, however often it is called.

    Raises `NotFound`, `Forbidden` (a note by a customer), `Conflict` (``ticket_closed``,
    ``client_id_reused``).
    """
    if new.internal and not actor.is_staff:
        tickets.seen(session, actor, ticket_id)
        raise Forbidden("csr_required", "Only staff write internal notes")
    event = Event(
        ticket_id=ticket_id,
        id=uuid7(),
        kind=Kind.NOTE_POSTED if new.internal else Kind.MESSAGE_POSTED,
        actor_id=actor.id,
        at=now,
        client_id=new.client_id,
        content=new.content,
        data={},
    )
    written = POST.first(
        session,
        ticket_id=ticket_id,
        is_staff=actor.is_staff,
        is_note=new.internal,
        event_id=event.id,
        kind=event.kind.value,
        actor_id=actor.id,
        now=now,
        client_id=new.client_id,
        content=new.content,
    )
    if written is None:
        raise not_found()
    event.seq, event.public_seq, asking, *fields = written
    if event.seq is None:
        return _again(session, event)
    ticket = Ticket(**dict(zip(TICKET, fields, strict=True)))
    outbox(session).events.append(event)
    deliveries.tell(session, asking, ticket, event)
    notifications.of_message(session, ticket, event)
    if actor.id == ticket.user_id and ticket.status == Status.RESOLVED and not new.internal:
        held = tickets.held(session, actor, ticket_id)
        tickets.set_status(session, actor, held, Status.OPEN, now)
    return Posted(event, is_new=True)


def _again(session: Session, event: Event) -> Posted:
    """What was sent before, where the event was not stored. The ticket is locked."""
    same = select(Event).where(
        Event.ticket_id == event.ticket_id,
        Event.actor_id == event.actor_id,
        Event.client_id == event.client_id,
    )
    stored = session.scalar(same) if event.client_id else None
    if stored is None:
        raise Conflict("ticket_closed", "The ticket is closed")
    if (stored.kind, stored.content) != (event.kind, event.content):
        raise Conflict("client_id_reused", "This client_id was used for another message")
    return Posted(stored, is_new=False)
