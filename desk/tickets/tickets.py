"""Tickets: opening, seeing, changing them."""

from collections.abc import Collection, Container
from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import MISSING, AfterValidator, Field, Strict
from sqlalchemy import Select, and_, literal, select
from sqlalchemy.orm import Session

from desk.access import Actor, owned_by, readable
from desk.database import clock
from desk.errors import Conflict, Merged, Stale
from desk.events import (
    CategoryChanged,
    PriorityChanged,
    StatusChanged,
    TagsChanged,
    TicketCreated,
)
from desk.text import Description, Input, Label, Tag, Title, unique
from desk.tickets import field_values, timeline
from desk.tickets.field_values import SentFields
from desk.tickets.views import TicketView, not_found, show
from models import ACTIVE_STATUSES, FieldNeed, Priority, Status, Ticket

# What is work for somebody; what of it does not sleep; and what nobody has yet.
ACTIVE = Ticket.status.in_(ACTIVE_STATUSES)
AWAKE = Ticket.snoozed_until.is_(None)
WAITING = and_(Ticket.assigned_to_id.is_(None), ACTIVE, AWAKE)

# Of one ticket.
MOST_TAGS = 20
Tags = Annotated[list[Tag], Field(max_length=MOST_TAGS), AfterValidator(unique)]

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
    fields: SentFields = Field(default_factory=dict)

    @property
    def columns(self) -> dict[str, str]:
        """What the new ticket has from the beginning."""
        return self.model_dump(exclude={"fields"})


class OwnChange(Input):
    """What customers change of their own tickets. Only the fields that are named change."""

    fields: SentFields = Field(default_factory=dict)


class Change(Input):
    """Only the fields that were sent count; ``priority`` null clears it."""

    status: Annotated[Status, Strict(False)] | MISSING = MISSING
    priority: Annotated[Priority | None, Strict(False)] | MISSING = MISSING
    tags: Tags | MISSING = MISSING
    category: Label | MISSING = MISSING
    fields: SentFields | MISSING = MISSING


def open_ticket(
    session: Session,
    actor: Actor,
    new: NewTicket,
    now: datetime | None,
    *,
    is_asked: bool = True,
) -> TicketView:
    """Opens a ticket, whose timeline begins with that. `fast_path.opening` is the usual way.

    ``is_asked`` false: there is no form, so that nobody could give what is required.
    Raises `Invalid` as `field_values.set_fields` and `field_values.require`.
    """
    if is_asked:
        field_values.require(session, FieldNeed.TO_OPEN, new.category, new.fields)
    at = clock(session, now)
    times = {"created_at": at, "updated_at": at, "public_updated_at": at}
    ticket = Ticket(
        **new.columns, **times, status=Status.OPEN, tags=[], fields={}, user_id=actor.id
    )
    session.add(ticket)
    session.flush()  # Its number is among the words of its first event.
    timeline.record(session, ticket, TicketCreated(), actor.id, at)
    field_values.set_fields(session, actor, ticket, new.fields, at)
    return view(session, actor, ticket)


def get(session: Session, actor: Actor, ticket_id: UUID) -> Ticket:
    """The ticket, if the actor may know of it; else `NotFound`, as if there were none."""
    return _one(session, select(Ticket).where(Ticket.id == ticket_id, readable(actor)))


def held(session: Session, actor: Actor, ticket_id: UUID) -> Ticket:
    """As `get`, locked until the commit, so that its timeline has one writer.

    Raises `NotFound`, `Merged`.
    """
    return unmerged(held_as_it_is(session, actor, ticket_id))


def held_as_it_is(session: Session, actor: Actor, ticket_id: UUID) -> Ticket:
    """As `held`, even where it is a part of another ticket by now."""
    return _one(session, locked(select(Ticket).where(Ticket.id == ticket_id, readable(actor))))


def unmerged(ticket: Ticket) -> Ticket:
    """The ticket, unless it is a part of another, which everything is asked of instead: whatever
    writes to a ticket comes by here. Raises `Merged`.
    """
    if ticket.merged_into_id is not None:
        raise Merged(ticket.merged_into_id)
    return ticket


def parts(session: Session, ticket_id: UUID) -> set[UUID]:
    """All that was merged into the ticket, at once or step by step."""
    return set(session.scalars(select(Ticket.id).where(Ticket.merged_into_id == ticket_id)))


def all_held(session: Session, ids: Collection[UUID]) -> dict[UUID, Ticket]:
    """The tickets by their ids, locked in the order of these until the commit."""
    query = select(Ticket).where(Ticket.id.in_(ids)).order_by(Ticket.id)
    return {ticket.id: ticket for ticket in session.scalars(locked(query))}


def end_of(session: Session, ticket_id: UUID) -> UUID:
    """What the ticket was merged into; itself where it is a part of none."""
    into_id = session.scalar(select(Ticket.merged_into_id).where(Ticket.id == ticket_id))
    return into_id or ticket_id


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


def is_active(ticket: Ticket) -> bool:
    """Whether it is work for somebody."""
    return ticket.status in ACTIVE_STATUSES


def view(session: Session, actor: Actor, ticket: Ticket) -> TicketView:
    session.flush()  # What was changed a moment ago has to be in the view.
    return show(session, actor, ticket.id)


def expect_version(
    session: Session, actor: Actor, ticket: Ticket, versions: Container[int] | None
) -> None:
    """Refuses a change by staff that saw an older state than the one which is locked now.

    The refusal has the ticket as it is (``current``).
    """
    if versions is not None and ticket.last_seq not in versions:
        stale = Stale("version_mismatch", "The ticket was changed in the meantime")
        stale.members["current"] = view(session, actor, ticket)
        raise stale


def apply(
    session: Session, actor: Actor, ticket: Ticket, changes: Change, now: datetime | None
) -> None:
    """Applies what was sent to a ticket that is held, each as an event of its own; what is so
    already is left alone. `routing.change` is the staff's way.

    Raises `Conflict` (``invalid_transition``), `Invalid` as `field_values.set_fields` and
    `set_status`.
    """
    if changes.fields is not MISSING:  # First: what is wanted of it besides may require them.
        field_values.set_fields(session, actor, ticket, changes.fields, now)
    if changes.status is not MISSING:
        set_status(session, actor, ticket, changes.status, now)
    if changes.priority is not MISSING:
        set_priority(session, actor, ticket, changes.priority, now)
    if changes.tags is not MISSING:
        _set_tags(session, actor, ticket, changes.tags, now)
    if changes.category is not MISSING and changes.category != ticket.category:
        event = CategoryChanged(from_=ticket.category, to=changes.category)
        ticket.category = changes.category
        timeline.record(session, ticket, event, actor.id, now)


def set_status(
    session: Session, actor: Actor, ticket: Ticket, to: Status, now: datetime | None
) -> None:
    """Raises `Conflict` (``invalid_transition``), `Invalid` as `field_values.require`."""
    before = ticket.status
    if to is before:
        return
    if to not in TRANSITIONS.get(before, ()):  # None from a status that a newer process has set.
        raise Conflict("invalid_transition", f"A ticket cannot go from {before} to {to}", "/status")
    if to is Status.RESOLVED:
        field_values.require(session, FieldNeed.TO_RESOLVE, ticket.category, ticket.fields)
    ticket.status = to
    timeline.record(session, ticket, StatusChanged(from_=before, to=to), actor.id, now)


def close(session: Session, actor: Actor, ticket_id: UUID) -> TicketView:
    """Its customer wants no more of it; a closed one stays as it is. Raises `NotFound`."""
    ticket = held_own(session, actor, ticket_id)
    set_status(session, actor, ticket, Status.CLOSED, None)
    return view(session, actor, ticket)


def change_own(
    session: Session, actor: Actor, ticket_id: UUID, changes: OwnChange, now: datetime | None
) -> TicketView:
    """Its customer sets fields. Raises `NotFound`, `Invalid`."""
    ticket = held_own(session, actor, ticket_id)
    field_values.set_fields(session, actor, ticket, changes.fields, now)
    return view(session, actor, ticket)


def held_own(session: Session, actor: Actor, ticket_id: UUID) -> Ticket:
    """As `held`, of the actor's own tickets alone."""
    is_own = owned_by(literal(actor.id, Ticket.user_id.type))
    own = select(Ticket).where(Ticket.id == ticket_id, is_own)
    return unmerged(_one(session, locked(own)))


def set_priority(
    session: Session, actor: Actor, ticket: Ticket, to: Priority | None, now: datetime | None
) -> None:
    if to is ticket.priority:
        return
    event = PriorityChanged(from_=ticket.priority, to=to)
    ticket.priority = to
    timeline.record(session, ticket, event, actor.id, now)


def _set_tags(
    session: Session, actor: Actor, ticket: Ticket, to: list[str], now: datetime | None
) -> None:
    event = TagsChanged(
        added=[tag for tag in to if tag not in ticket.tags],
        removed=[tag for tag in ticket.tags if tag not in to],
    )
    if event.added or event.removed:
        ticket.tags = to
        timeline.record(session, ticket, event, actor.id, now)
