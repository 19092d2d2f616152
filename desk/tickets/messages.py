"""Talking on a ticket: messages to everyone, notes among the staff."""

from collections.abc import Sequence
from datetime import datetime
from itertools import accumulate
from typing import Annotated, NamedTuple
from uuid import UUID

from pydantic import Field, Strict
from sqlalchemy import select
from sqlalchemy.orm import Session

from desk.access import Actor, Audience, numbered, owns
from desk.errors import Conflict, Forbidden, Stale
from desk.events import PUBLIC_MESSAGES, AttachmentInfo, Message, MessagePosted, NotePosted
from desk.rows import EventRow
from desk.text import ClientId, Content, Id, Input, Seq
from desk.tickets import attachments, drafts, followers, snooze, tickets, timeline
from desk.tickets.attachments import AttachmentIds
from models import DraftKind, Event, Status

# Of what happened since the caller looked, as a refusal shows it: events, and the characters of
# their texts. The timeline has the rest.
MOST_SINCE = 20
MOST_MENTIONS = 20
LONGEST_SINCE = 64 * 1024


Mentions = Annotated[
    tuple[Id, ...],
    Strict(False),
    Field(
        max_length=MOST_MENTIONS,
        description="By the staff and of the staff: who is told of it, and follows from then on",
    ),
]


class NewMessage(Input):
    content: Content
    client_id: ClientId | None = None
    internal: bool = False
    expect_seq: Annotated[
        Seq | None,
        Field(
            description="The newest number that the writer has seen. Refused with "
            "`answered_meanwhile` if somebody else has posted a public message after it."
        ),
    ] = None
    draft: Annotated[
        bool, Field(description="Whether to remove the draft of its kind with it.")
    ] = False
    attachment_ids: AttachmentIds = ()
    mentions: Mentions = ()

    @property
    def draft_kind(self) -> DraftKind:
        return DraftKind.NOTE if self.internal else DraftKind.REPLY

    def event(self, files: Sequence[AttachmentInfo] = ()) -> Message:
        kind = NotePosted if self.internal else MessagePosted
        mentions = [*dict.fromkeys(self.mentions)]
        return kind(
            client_id=self.client_id, content=self.content, attachments=files, mentions=mentions
        )


class Posted(NamedTuple):
    event: Event | EventRow
    # False for a retry that found its message already stored.
    is_new: bool


def post(
    session: Session, actor: Actor, ticket_id: UUID, new: NewMessage, now: datetime | None
) -> Posted:
    """Posts once per ``client_id``, however often it is called. `fast_path.posting`: the usual way.

    Raises `NotFound`, `Forbidden` (a note by a customer, or who mentions), `Conflict`
    (``ticket_closed``, ``client_id_reused``, ``attachment_unavailable``), `AnsweredMeanwhile`,
    `Merged`, `Invalid` as `followers.mention`.
    """
    if (new.internal or new.mentions) and not actor.is_staff:
        tickets.get(session, actor, ticket_id)
        raise Forbidden("csr_required", "Only staff write internal notes, or mention somebody")
    ticket = tickets.held_as_it_is(session, actor, ticket_id)
    if (event := _stored(session, actor, ticket_id, new)) is not None:
        return Posted(event, is_new=False)
    tickets.unmerged(ticket)  # After that: a repeat is none of the other ticket's messages.
    if ticket.status == Status.CLOSED:
        raise Conflict("ticket_closed", "The ticket is closed")
    if new.expect_seq is not None:
        _require_unanswered(session, actor, ticket_id, new.expect_seq)
    files = attachments.found(session, actor, ticket_id, new.attachment_ids)
    said = new.event([attachments.info(file) for file in files])
    if said.mentions:
        followers.mention(session, ticket, said.mentions)
    event = timeline.record(session, ticket, said, actor.id, now)
    attachments.take(session, files, event.seq)
    is_customers = owns(ticket, actor.id) and not new.internal
    if is_customers:
        snooze.wake_by_customer(session, actor, ticket, now)
    if is_customers and ticket.status == Status.RESOLVED:
        tickets.set_status(session, actor, ticket, Status.OPEN, now)
    if new.draft:
        drafts.remove(session, actor, ticket_id, new.draft_kind)
    return Posted(event, is_new=True)


class AnsweredMeanwhile(Stale):
    """Somebody else has posted since. ``events``: what has happened, as the audience sees it."""

    def __init__(self, audience: Audience, events: Sequence[EventRow]) -> None:
        super().__init__("answered_meanwhile", "Somebody else has posted in the meantime")
        self.audience = audience
        self.events = events


def _require_unanswered(session: Session, actor: Actor, ticket_id: UUID, seq: int) -> None:
    """Refuses who has not seen what somebody else has said to everyone. The ticket is locked."""
    others = select(Event.seq).where(
        Event.ticket_id == ticket_id,
        numbered(actor.audience) > seq,
        Event.kind.in_(PUBLIC_MESSAGES),
        Event.actor_id.is_distinct_from(actor.id),
    )
    if session.scalar(others.limit(1)) is None:
        return
    events = timeline.after(session, ticket_id, seq, MOST_SINCE, actor.audience)
    texts = accumulate(len(event.content or "") for event in events)
    fitting = sum(1 for characters in texts if characters <= LONGEST_SINCE)
    raise AnsweredMeanwhile(actor.audience, events[: max(1, fitting)])


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
    if stored is None:
        return None
    is_same = (stored.kind, stored.content) == (new.event().kind, new.content)
    if not (is_same and attachments.are_as_posted(session, stored, new.attachment_ids)):
        raise Conflict("client_id_reused", "This client_id was used for another message")
    return stored
