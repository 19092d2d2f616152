"""Talking on a ticket: messages to everyone, notes among the staff."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple, Self
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from desk.access import Actor
from desk.errors import Conflict, Forbidden
from desk.notifications import inbox
from desk.notifications.inbox import told_of_message
from desk.outbox import Outbox, outbox
from desk.rows import PastEvent
from desk.single_statement import Alone, may_be_alone
from desk.statements import Prepared
from desk.text import ClientId, Content, Input
from desk.tickets import tickets
from desk.tickets.views import not_found
from desk.tickets.words import document
from desk.webhooks import webhook_queue
from models import Event, Kind, Status, Ticket


class NewMessage(Input):
    content: Content
    client_id: ClientId | None = None
    internal: bool = False


class Posted(NamedTuple):
    event: Event | PastEvent
    # False for a retry that found its message already stored.
    is_new: bool


class _Written(NamedTuple):
    """What the `POST` has done; nothing if ``seq`` is None."""

    seq: int | None
    public_seq: int | None
    at: datetime
    # Who is told of it, if anybody, and with what.
    told: UUID | None
    data: dict[str, Any] | None
    # The webhooks that ask for it.
    asking: Sequence[UUID]
    # The values of `TICKET`.
    ticket: Sequence[Any]

    @classmethod
    def of(cls, *row: Any) -> Self:
        seq, public_seq, at, told, data, asking, *ticket = row
        return cls(seq, public_seq, at, told, data, asking, ticket)


# Waits for the ticket's lock, which `timeline.record` says why, and writes all that belongs to a
# message: nothing if the ticket is closed, or if its ``client_id`` was used before. If it is alone,
# without a transaction for what a webhook or a ticket that opens again needs, nothing then, too.
# The clock is read in a select over the lock's: in the same one it would be read before the wait.
POST = Prepared(
    f"""
    with locked as materialized (
        select * from tickets
        where id = %(ticket_id)s and (%(is_staff)s or user_id = %(actor_id)s)
        for no key update
    ),
    ticket as materialized (
        select *, coalesce(%(now)s::timestamptz, greatest(clock_timestamp(), updated_at)) as at
        from locked
    ),
    webhooks as materialized (select {webhook_queue.ASKING} as asking),
    said as (
        insert into events (
            ticket_id, seq, public_seq, id, kind, actor_id, at, client_id, content, data
        )
        select
            id, last_seq + 1, case when %(is_note)s then null else last_public_seq + 1 end,
            %(event_id)s, %(kind)s::varchar, %(actor_id)s, at, %(client_id)s, %(content)s,
            '{{}}'
        from ticket, webhooks
        where status <> 'closed' and (not %(is_alone)s or (
            asking = '{{}}' and (status <> 'resolved' or user_id <> %(actor_id)s or %(is_note)s)
        ))
        on conflict (ticket_id, actor_id, client_id) do nothing
        returning ticket_id, seq, public_seq, at
    ),
    moved as (
        update tickets set
            last_seq = said.seq,
            updated_at = said.at,
            last_public_seq = coalesce(said.public_seq, last_public_seq),
            public_updated_at = case when %(is_note)s then public_updated_at else said.at end,
            first_response_at = case
                when %(is_note)s or user_id = %(actor_id)s then first_response_at
                else coalesce(first_response_at, said.at)
            end
        from said
        where tickets.id = said.ticket_id
    ),
    unindexed as (
        insert into unindexed_events (ticket_id, seq, words)
        select ticket_id, seq, %(words)s::tsvector from said
    ),
    told as ({inbox.OF_MESSAGE})
    select
        said.seq, said.public_seq, said.at, told.user_id, told.data, asking,
        ticket.id, number, title, category, type, status, priority, tags, ticket.user_id,
        assigned_to_id
    from ticket cross join webhooks left join said on true left join told on true
    """,
    _Written.of,
)
TICKET = (
    "id", "number", "title", "category", "type", "status", "priority", "tags", "user_id",
    "assigned_to_id",
)  # fmt: skip


@dataclass(frozen=True)
class _Posting:
    """A message on its way into the `POST`, and out of it."""

    actor: Actor
    ticket_id: UUID
    new: NewMessage
    now: datetime | None
    event_id: UUID = field(default_factory=uuid7)

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
            "kind": self.kind.value,
            "actor_id": self.actor.id,
            "now": self.now,
            "client_id": self.new.client_id,
            "content": self.new.content,
            "words": document(self.new.content),
        }

    def stored(self, recorded: Outbox, written: _Written) -> PastEvent | None:
        """What the statement stored, recorded for those who listen."""
        if written.seq is None:
            return None
        event = PastEvent(
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
            told = told_of_message(event, written.told, written.data)
            recorded.notifications.append(told)
        return event


def posting(
    actor: Actor, ticket_id: UUID, new: NewMessage, now: datetime | None
) -> Alone[Posted] | None:
    """`post` as one statement. Only with a ``client_id``: whether it was stored may stay unknown,
    and then it is to be repeated.
    """
    if new.client_id is None or (new.internal and not actor.is_staff):
        return None
    given = _Posting(actor, ticket_id, new, now)

    def done(rows: Sequence[_Written], recorded: Outbox) -> Posted | None:
        event = given.stored(recorded, rows[0]) if rows else None
        return Posted(event, is_new=True) if event else None

    return Alone(POST, given.values(is_alone=True), done, is_repeatable=True)


@may_be_alone(posting)
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
    written = POST.first(session, **given.values(is_alone=False))
    if written is None:
        raise not_found()
    event = given.stored(outbox(session), written)
    if event is None:
        return _again(session, given)
    ticket = Ticket(**dict(zip(TICKET, written.ticket, strict=True)))
    webhook_queue.tell(session, written.asking, ticket, event)
    if actor.id == ticket.user_id and ticket.status == Status.RESOLVED and not new.internal:
        held = tickets.held(session, actor, ticket_id)
        tickets.set_status(session, actor, held, Status.OPEN, now)
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
