"""Tickets: opening, seeing, changing them."""

from collections.abc import Container, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import MISSING, AfterValidator, Field, Strict
from sqlalchemy import Select, and_, select
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from desk.access import Actor, visible
from desk.errors import Conflict, Stale
from desk.jobs import Job
from desk.notifications import inbox
from desk.outbox import Outbox, outbox
from desk.rows import PastEvent
from desk.single_statement import Alone, may_be_alone
from desk.statements import Prepared
from desk.text import Description, Input, Label, Tag, Title
from desk.tickets import timeline
from desk.tickets.views import EMPTY, TicketView, not_found, show
from desk.tickets.words import document
from desk.webhooks import webhook_queue
from models import Kind, Priority, Status, Ticket

# What is work for somebody, and what of it nobody has yet.
ACTIVE = Ticket.status.in_((Status.OPEN, Status.IN_PROGRESS))
WAITING = and_(Ticket.assigned_to_id.is_(None), ACTIVE)

TRANSITIONS: dict[Status, frozenset[Status]] = {
    Status.OPEN: frozenset({Status.IN_PROGRESS, Status.RESOLVED, Status.CLOSED}),
    Status.IN_PROGRESS: frozenset({Status.OPEN, Status.RESOLVED, Status.CLOSED}),
    Status.RESOLVED: frozenset({Status.OPEN, Status.IN_PROGRESS, Status.CLOSED}),
    Status.CLOSED: frozenset({Status.OPEN}),
}


class NewTicket(Input):
    title: Title
    description: Description
    category: Label
    type: Label


def _unique(tags: list[str]) -> list[str]:
    return list(dict.fromkeys(tags))


class Change(Input):
    """Only the fields that were sent count; ``priority`` null clears it."""

    status: Annotated[Status, Strict(False)] | MISSING = MISSING
    priority: Annotated[Priority | None, Strict(False)] | MISSING = MISSING
    tags: Annotated[list[Tag], Field(max_length=20), AfterValidator(_unique)] | MISSING = MISSING
    category: Label | MISSING = MISSING


# If it is alone, without a transaction for what webhooks need, it opens nothing where one asks.
OPEN: Prepared[tuple[int, list[UUID], datetime]] = Prepared(
    f"""
    with webhooks as materialized (
        select {webhook_queue.ASKING} as asking,
            coalesce(%(now)s::timestamptz, clock_timestamp()) as at
    ),
    ticket as (
        insert into tickets (
            id, title, description, category, type, status, tags, user_id,
            created_at, updated_at, public_updated_at, last_seq, last_public_seq
        )
        select
            %(ticket_id)s, %(title)s, %(description)s, %(category)s, %(type)s,
            '{Status.OPEN}', '{{}}', %(user_id)s, at, at, at, 1, 1
        from webhooks
        where not %(is_alone)s or asking = '{{}}'
        returning id, number, created_at
    ),
    created as (
        insert into events (ticket_id, seq, public_seq, id, kind, actor_id, at, data)
        select id, 1, 1, %(event_id)s, %(kind)s::varchar, %(user_id)s, created_at, '{{}}'
        from ticket
    ),
    unindexed as (
        insert into unindexed_events (ticket_id, seq, words)
        select id, 1, to_tsvector('simple', number::text) || %(words)s::tsvector from ticket
    )
    select number, asking, at from ticket, webhooks
    """,
    lambda *row: row,
)


@dataclass(frozen=True)
class _Opening:
    """A ticket on its way into the `OPEN`, and out of it."""

    actor: Actor
    new: NewTicket
    now: datetime | None
    ticket_id: UUID = field(default_factory=uuid7)
    event_id: UUID = field(default_factory=uuid7)

    def event(self, at: datetime) -> PastEvent:
        return PastEvent(
            ticket_id=self.ticket_id,
            seq=1,
            public_seq=1,
            id=self.event_id,
            kind=Kind.TICKET_CREATED,
            actor_id=self.actor.id,
            at=at,
            client_id=None,
            content=None,
            data={},
        )

    def values(self, *, is_alone: bool) -> dict[str, Any]:
        return {
            **self.new.model_dump(),
            "is_alone": is_alone,
            "ticket_id": self.ticket_id,
            "event_id": self.event_id,
            "kind": Kind.TICKET_CREATED.value,
            "user_id": self.actor.id,
            "now": self.now,
            "words": document(f"{self.new.title}\n{self.new.description}"),
        }

    def opened(self, recorded: Outbox, number: int, event: PastEvent) -> TicketView:
        """What its author sees; recorded for those who listen."""
        recorded.events.append(event)
        recorded.wakes.add(Job.DRAIN_ASSIGNMENT)
        return TicketView(
            **EMPTY,
            id=event.ticket_id,
            number=number,
            **self.new.model_dump(),
            status=Status.OPEN,
            tags=[],
            user_id=self.actor.id,
            created_at=event.at,
            updated_at=event.at,
            version=event.seq,
            seq=event.seq,
            unread=0,
        )


def opening(actor: Actor, new: NewTicket, now: datetime | None) -> Alone[TicketView]:
    """`open_ticket` as one statement."""
    given = _Opening(actor, new, now)

    def done(rows: Sequence[Any], recorded: Outbox) -> TicketView | None:
        if not rows:
            return None
        [(number, _, at)] = rows
        return given.opened(recorded, number, given.event(at))

    return Alone(OPEN, given.values(is_alone=True), done, is_repeatable=False)


@may_be_alone(opening)
def open_ticket(session: Session, actor: Actor, new: NewTicket, now: datetime | None) -> TicketView:
    """In one statement: the ticket, the first event of its timeline, its words for the search."""
    given = _Opening(actor, new, now)
    [(number, asking, at)] = OPEN.all(session, **given.values(is_alone=False))
    event = given.event(at)
    ticket = given.opened(outbox(session), number, event)
    webhook_queue.tell(session, asking, ticket, event)
    return ticket


def seen(session: Session, actor: Actor, ticket_id: UUID) -> Ticket:
    """The ticket, if the actor may know of it; else `NotFound`, as if there were none."""
    return _one(session, select(Ticket).where(Ticket.id == ticket_id, visible(actor)))


def held(session: Session, actor: Actor, ticket_id: UUID) -> Ticket:
    """As `seen`, locked until the commit, so that its timeline has one writer."""
    return _one(session, locked(select(Ticket).where(Ticket.id == ticket_id, visible(actor))))


def locked(query: Select[Ticket], *, skip: bool = False) -> Select[Ticket]:
    """With a lock until the commit, on rows as they are then, whatever the session has read before.

    ``skip``: without those that somebody else has locked.
    """
    locking = query.with_for_update(key_share=True, skip_locked=skip)
    return locking.execution_options(populate_existing=True)


def _one(session: Session, query: Select[Ticket]) -> Ticket:
    if (ticket := session.scalar(query)) is None:
        raise not_found()
    return ticket


def view(session: Session, actor: Actor, ticket: Ticket) -> TicketView:
    session.flush()  # What was changed a moment ago has to be in the view.
    return show(session, actor, ticket.id)


def expect_version(ticket: Ticket, versions: Container[int] | None) -> None:
    """Refuses a change by staff that saw an older state than the one which is locked now."""
    if versions is not None and ticket.last_seq not in versions:
        raise Stale("version_mismatch", "The ticket was changed in the meantime")


def change(
    session: Session,
    actor: Actor,
    ticket_id: UUID,
    wanted: Change,
    now: datetime | None,
    versions: Container[int] | None = None,
) -> TicketView:
    """Applies what was sent, each as an event of its own; what is so already is left alone.

    Raises `NotFound`, `Stale`, `Conflict` (``invalid_transition``).
    """
    ticket = held(session, actor, ticket_id)
    expect_version(ticket, versions)
    if wanted.status is not MISSING:
        set_status(session, actor, ticket, wanted.status, now)
    if wanted.priority is not MISSING:
        set_priority(session, actor, ticket, wanted.priority, now)
    if wanted.tags is not MISSING:
        _set_tags(session, actor, ticket, wanted.tags, now)
    if wanted.category is not MISSING and wanted.category != ticket.category:
        data = {"from": ticket.category, "to": wanted.category}
        ticket.category = wanted.category
        timeline.record(session, ticket, Kind.CATEGORY_CHANGED, actor.id, now, data=data)
    return view(session, actor, ticket)


def set_status(
    session: Session, actor: Actor, ticket: Ticket, to: Status, now: datetime | None
) -> None:
    before = ticket.status
    if to is before:
        return
    if to not in TRANSITIONS[before]:
        raise Conflict("invalid_transition", f"A ticket cannot go from {before} to {to}")
    ticket.status = to
    data = {"from": before, "to": to}
    event = timeline.record(session, ticket, Kind.STATUS_CHANGED, actor.id, now, data=data)
    if to is Status.RESOLVED:
        ticket.resolved_at = event.at
    elif to is not Status.CLOSED:  # Work again. Closing keeps when it was resolved.
        ticket.resolved_at = None
    ticket.closed_at = event.at if to is Status.CLOSED else None
    inbox.of_status(session, ticket, event, before)
    # Work came back into the queue, or somebody has room for more.
    outbox(session).wakes.add(Job.DRAIN_ASSIGNMENT)


def close(session: Session, actor: Actor, ticket_id: UUID) -> TicketView:
    """Its customer wants no more of it; a closed one stays as it is. Raises `NotFound`."""
    own = select(Ticket).where(Ticket.id == ticket_id, Ticket.user_id == actor.id)
    ticket = _one(session, locked(own))
    set_status(session, actor, ticket, Status.CLOSED, None)
    return view(session, actor, ticket)


def set_priority(
    session: Session, actor: Actor, ticket: Ticket, to: Priority | None, now: datetime | None
) -> None:
    if to is ticket.priority:
        return
    data = {"from": ticket.priority, "to": to}
    ticket.priority = to
    timeline.record(session, ticket, Kind.PRIORITY_CHANGED, actor.id, now, data=data)


def _set_tags(
    session: Session, actor: Actor, ticket: Ticket, to: list[str], now: datetime | None
) -> None:
    data = {
        "added": [tag for tag in to if tag not in ticket.tags],
        "removed": [tag for tag in ticket.tags if tag not in to],
    }
    if data["added"] or data["removed"]:
        ticket.tags = to
        timeline.record(session, ticket, Kind.TAGS_CHANGED, actor.id, now, data=data)
