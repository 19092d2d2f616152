"""Talking on a ticket: messages to everyone, notes among the staff."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from desk.access import Actor
from desk.errors import Conflict, Forbidden
from desk.notifications.inbox import told_of_message
from desk.outbox import Outbox, outbox
from desk.rows import EventRow
from desk.statements import SingleStatement
from desk.text import ClientId, Content, Input
from desk.tickets import fast_path, tickets
from desk.tickets.fast_path import Written
from desk.tickets.words import document
from desk.webhooks import webhook_queue
from models import Event, Kind, Status


class NewMessage(Input):
    content: Content
    client_id: ClientId | None = None
    internal: bool = False


class Posted(NamedTuple):
    event: Event | EventRow
    # False for a retry that found its message already stored.
    is_new: bool


@dataclass(frozen=True)
class _Posting:
    """A message on its way into the `POST`, and out of it."""

    actor: Actor
    ticket_id: UUID
    new: NewMessage
    now: datetime | None
    event_id: UUID = field(default_factory=uuid7)
    notification_id: UUID = field(default_factory=uuid7)

    @property
    def kind(self) -> Kind:
        return Kind.NOTE_POSTED if self.new.internal else Kind.MESSAGE_POSTED

    def values(self, *, is_alone: bool) -> dict[str, Any]:
        return {
            "ticket_id": self.ticket_id,
            "is_staff": self.actor.is_staff,
            "is_note": self.new.internal,
            "is_alone": is_alone,
            "event_id": self.event_id,
            "notification_id": self.notification_id,
            "kind": self.kind.value,
            "actor_id": self.actor.id,
            "now": self.now,
            "client_id": self.new.client_id,
            "content": self.new.content,
            "words": document(self.new.content),
        }

    def stored(self, recorded: Outbox, written: Written) -> EventRow | None:
        """What the statement stored, recorded for those who listen."""
        if written.seq is None:
            return None
        event = EventRow(
            self.ticket_id,
            written.seq,
            written.public_seq,
            self.event_id,
            self.kind,
            self.actor.id,
            written.at,
            self.new.client_id,
            self.new.content,
            data={},
        )
        recorded.events.append(event)
        if written.told is not None and written.data is not None:
            told = told_of_message(event, self.notification_id, written.told, written.data)
            recorded.notifications.append(told)
        return event


def posting(
    actor: Actor, ticket_id: UUID, new: NewMessage, now: datetime | None = None
) -> SingleStatement[Posted]:
    """`post` as one statement. Without a ``client_id`` it is not repeatable: it would find out
    nothing about whether the message was stored.
    """
    given = _Posting(actor, ticket_id, new, now)

    def result(rows: Sequence[Written], recorded: Outbox) -> Posted | None:
        event = given.stored(recorded, rows[0]) if rows else None
        return Posted(event, is_new=True) if event else None

    return SingleStatement(
        fast_path.POST,
        given.values(is_alone=True),
        result,
        otherwise=lambda session: post(session, actor, ticket_id, new, now),
        is_repeatable=new.client_id is not None,
    )


def post(
    session: Session, actor: Actor, ticket_id: UUID, new: NewMessage, now: datetime | None
) -> Posted:
    """Posts once per ``client_id``, however often it is called.

    Raises `NotFound`, `Forbidden` (a note by a customer), `Conflict` (``ticket_closed``,
    ``client_id_reused``).
    """
    if new.internal and not actor.is_staff:
        tickets.seen(session, actor, ticket_id)
        raise Forbidden("csr_required", "Only staff write internal notes")
    given = _Posting(actor, ticket_id, new, now)
    ticket = tickets.held(session, actor, ticket_id)
    [written] = fast_path.POST.all(session, **given.values(is_alone=False))
    event = given.stored(outbox(session), written)
    if event is None:
        return _again(session, given)
    webhook_queue.tell(session, written.asking, ticket, event)
    session.expire(ticket)  # The statement has moved it.
    if actor.id == ticket.user_id and ticket.status == Status.RESOLVED and not new.internal:
        tickets.set_status(session, actor, ticket, Status.OPEN, now)
    return Posted(event, is_new=True)


def _again(session: Session, given: _Posting) -> Posted:
    """What was sent before, where the message was not stored. The ticket is locked."""
    same = select(Event).where(
        Event.ticket_id == given.ticket_id,
        Event.actor_id == given.actor.id,
        Event.client_id == given.new.client_id,
    )
    stored = session.scalar(same) if given.new.client_id else None
    if stored is None:
        raise Conflict("ticket_closed", "The ticket is closed")
    if (stored.kind, stored.content) != (given.kind, given.new.content):
        raise Conflict("client_id_reused", "This client_id was used for another message")
    return Posted(stored, is_new=False)
