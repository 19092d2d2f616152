"""Undo: what a batch changed is changed back, where nobody has changed it since."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from desk.access import Actor
from desk.actions import batches
from desk.actions.batches import Done
from desk.assignment import routing
from desk.causes import CauseType
from desk.errors import Conflict, Forbidden, NotFound
from desk.events import (
    MESSAGES,
    Assigned,
    CategoryChanged,
    FieldsChanged,
    PriorityChanged,
    SkillsRequired,
    StaffFieldsChanged,
    StatusChanged,
    TagsChanged,
    TeamChanged,
)
from desk.rows import EventRow
from desk.snooze_events import Snoozed
from desk.text import Id, Input
from desk.tickets import snooze, tickets
from models import Batch, Role, Status, Ticket

# What the ticket's change calls it that an event of the kind has changed.
PLAIN = {
    StatusChanged.kind: "status",
    PriorityChanged.kind: "priority",
    CategoryChanged.kind: "category",
    TeamChanged.kind: "team_id",
    Assigned.kind: "assignee_id",
    SkillsRequired.kind: "required_skills",
}
FIELDS = (FieldsChanged.kind, StaffFieldsChanged.kind)
KINDS = (*PLAIN, *FIELDS, TagsChanged.kind, Snoozed.kind)


class Undo(Input):
    """``batch``: as in the ``cause`` of the events."""

    batch: Id


@dataclass(frozen=True, slots=True)
class Change:
    """Before and after: a value, or of a tag whether the ticket had it."""

    before: Any
    after: Any


# By what was changed: a field of the ticket, or one of its tags or custom fields.
Changes = Mapping[tuple[str, ...], Change]


@dataclass(frozen=True, slots=True)
class Undone:
    """``messages_kept``: how many messages of the batch stay, as what was said was said."""

    done: Done
    messages_kept: int


def undo(
    session: Session, actor: Actor, ticket_id: UUID, wanted: Undo, now: datetime | None
) -> Undone:
    """Changes back what a batch of the actor's own changed, or for admins anybody's, as events of
    their own. Once: a repeat gets what the first one did.

    Raises `NotFound`, `Forbidden`, `Conflict` (``changed_since``), and what the rules of the
    changes do.
    """
    tickets.get(session, actor, ticket_id)
    batch = _of(session, actor, ticket_id, wanted.batch)
    done = batches.events(session, batch)
    changes = _changes(done)
    ticket = tickets.held(session, actor, ticket_id)
    undone = session.scalar(
        select(Batch).where(Batch.cause_type == CauseType.UNDO, Batch.cause_id == batch.id)
    )
    if undone is None:
        _require_untouched(session, batch, changes)
        with batches.batch(session, actor, ticket, CauseType.UNDO, batch.id) as undone:
            _apply(session, actor, ticket, changes, now)
    messages = sum(1 for event in done if event.kind in MESSAGES)
    return Undone(Done.of(session, actor, ticket, undone), messages)


def _of(session: Session, actor: Actor, ticket_id: UUID, batch_id: UUID) -> Batch:
    batch = session.get(Batch, batch_id)
    if batch is None or batch.ticket_id != ticket_id:
        raise NotFound("batch_not_found", "Nothing of this name was done to the ticket")
    if batch.actor_id != actor.id and actor.role is not Role.ADMIN:
        raise Forbidden("admin_required", "Only admins undo what others have done")
    return batch


def _changes(events: Iterable[EventRow]) -> dict[tuple[str, ...], Change]:
    """What the events have changed, taken together."""
    changes: dict[tuple[str, ...], Change] = {}
    for event in events:
        for what, change in _changes_of(event):
            first = changes.get(what, change)
            changes[what] = Change(first.before, change.after)
    return {what: change for what, change in changes.items() if change.before != change.after}


def _changes_of(event: EventRow) -> Iterable[tuple[tuple[str, ...], Change]]:
    data = event.data
    if event.kind in PLAIN:
        yield (PLAIN[event.kind],), Change(data["from"], data["to"])
    elif event.kind in FIELDS:
        for key, change in data.items():
            yield ("fields", key), Change(change["from"], change["to"])
    elif event.kind == Snoozed.kind:
        yield ("snooze",), Change(before=None, after=data["until"])
    elif event.kind == TagsChanged.kind:
        for tag in data["added"]:
            yield ("tags", tag), Change(before=False, after=True)
        for tag in data["removed"]:
            yield ("tags", tag), Change(before=True, after=False)


def _require_untouched(session: Session, batch: Batch, changes: Changes) -> None:
    """Refuses, with an error for each, what somebody has changed since. What the desk itself has
    given to somebody meanwhile was nobody's wish: it is taken back, too.
    """
    touched: dict[tuple[str, ...], None] = {}
    for event in batches.events_since(session, batch, KINDS):
        if event.kind != Assigned.kind or event.data["by"] is not None:
            touched |= {what: None for what, _ in _changes_of(event) if what in changes}
    if touched:
        changed = Conflict("changed_since", "Somebody has changed the same since")
        changed.members["errors"] = [
            {"pointer": _pointer(what), "detail": "Was changed since"} for what in touched
        ]
        raise changed


def _pointer(what: Iterable[str]) -> str:
    return "".join("/" + name.replace("~", "~0").replace("/", "~1") for name in what)


def _apply(
    session: Session, actor: Actor, ticket: Ticket, changes: Changes, now: datetime | None
) -> None:
    back: dict[str, Any] = {}
    tags = list(ticket.tags)
    for what, change in changes.items():
        match what:
            case ("tags", tag) if change.before:
                tags.append(tag)
            case ("tags", tag):
                tags.remove(tag)
            case ("snooze",):
                snooze.wake(session, ticket, actor.id, actor.id, now)
            case ("fields", key):
                back.setdefault("fields", {})[key] = change.before
            case (name,):
                back[name] = change.before
    if tags != ticket.tags:
        back["tags"] = tags
    if ticket.status is Status.CLOSED and "status" in back:
        # Whatever a closed ticket becomes, it is open before.
        tickets.set_status(session, actor, ticket, Status.OPEN, now)
    wanted = routing.Change.model_validate(back)
    routing.apply(session, actor, ticket, wanted, now, keeps_assignee=True)
