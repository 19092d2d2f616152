"""Merging: a ticket becomes a part of another, where all that is asked of it is led to; and undoing
that.

A ticket is merged only into one that is a part of none, and both are locked: so there is no circle,
and each part says where its chain ends. Parts are closed, and stay it (`tickets.unmerged`).
"""

from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from pydantic import Field
from sqlalchemy import delete, exists, func, select
from sqlalchemy.orm import Session

from desk.access import Actor
from desk.assignment import assignment
from desk.database import clock
from desk.errors import Conflict
from desk.events import MESSAGES, PUBLIC_MESSAGES, MessagePosted, StatusChanged
from desk.merge_events import MergedFrom, MergedInto, Unmerged
from desk.merging import files, linked, locks, people
from desk.text import Id, Input
from desk.tickets import drafts, tickets, timeline
from desk.tickets.views import TicketView
from models import ACTIVE_STATUSES, IS_PERSON, Deadline, Event, Merge, Status, Ticket, User

UNDONE_WITHIN = timedelta(hours=24)


class Merging(Input):
    into: Id
    share: Annotated[
        bool,
        Field(
            description="Whether people may be let read what they could not read before: those of "
            "either ticket read the other from then on."
        ),
    ] = False


def merge(
    session: Session, actor: Actor, ticket_id: UUID, asked: Merging, now: datetime | None
) -> TicketView:
    """Makes a ticket a part of another, or of what that is a part of. Returns that one.

    Raises `NotFound`, `Conflict` (``already_merged``, ``different_customers``, ``merge_circle``,
    ``ticket_closed``), and as `participants.add`.
    """
    tickets.get(session, actor, ticket_id)
    tickets.get(session, actor, asked.into)
    source, target, parts = locks.for_merge(session, ticket_id, asked.into)
    if target.status == Status.CLOSED:
        raise Conflict("ticket_closed", "The ticket to merge into is closed")
    if not asked.share and people.readers(source) != people.readers(target):
        raise Conflict("different_customers", "Other people would read what is on the tickets")
    status, holder = source.status, source.assigned_to_id
    for part in (source, *parts):
        part.merged_into_id = target.id
    if status != Status.CLOSED:
        # Those whom it concerns are told on the other ticket.
        tickets.set_status(session, actor, source, Status.CLOSED, now)
    into = MergedInto(ticket_id=target.id, number=target.number)
    timeline.record(session, source, into, actor.id, now)
    event = timeline.record(session, target, _merged_from(session, source), actor.id, now)
    undoing = Merge(source_id=source.id, into_id=target.id, at=event.at, into_seq=event.seq)
    undoing.source_status = status
    people.join(session, actor, undoing, source, target, now)
    session.add(undoing)
    linked.take_over(session, source.id, target.id)
    target.first_response_at = _first(target.first_response_at, source.first_response_at)
    files.move_untaken(session, source.id, target.id)
    drafts.move(session, source.id, target.id)
    session.execute(delete(Deadline).where(Deadline.ticket_id == source.id))
    # What is no work may be of somebody who left the staff.
    is_work = status in ACTIVE_STATUSES and tickets.is_active(target)
    if is_work and holder is not None and target.assigned_to_id is None:
        assignment.assign_held(session, actor, target, holder, now)
    return tickets.view(session, actor, target)


def _merged_from(session: Session, source: Ticket) -> MergedFrom:
    said = (Event.ticket_id == source.id, Event.kind.in_(PUBLIC_MESSAGES))
    messages = session.scalars(select(func.count()).select_from(Event).where(*said)).one()
    return MergedFrom(
        ticket_id=source.id,
        number=source.number,
        title=source.title,
        description=source.description,
        messages=messages,
    )


def unmerge(session: Session, actor: Actor, ticket_id: UUID, now: datetime | None) -> TicketView:
    """Makes a ticket its own again, as it was, with the parts that it had. Returns it.

    Whom the target was given to meanwhile keeps it. Raises `NotFound`, `Conflict` (``not_merged``,
    ``cannot_undo`` after a day, ``changed_since`` where something was posted or merged since).
    """
    tickets.get(session, actor, ticket_id)
    done, by_id = locks.for_unmerge(session, ticket_id)
    source, target = by_id[ticket_id], by_id[done.into_id]
    _require_undoable(session, done, target, now)
    status, resolved_at = done.source_status, source.resolved_at
    if status != Status.CLOSED:
        source.status = status
        back = StatusChanged(from_=Status.CLOSED, to=status)
        timeline.record(session, source, back, actor.id, now)
        source.resolved_at = resolved_at
    for part in by_id.values():
        part.merged_into_id = source.id if part not in (source, target) else None
    session.delete(done)
    session.flush()  # What is left of the target is read without it.
    others = _merged_into(session, target)
    people.part(session, actor, done, target, others, now)
    linked.give_back(session, done)
    for _, other in others:
        linked.take_over(session, other.id, target.id)
    answers = (other.first_response_at for _, other in others)
    target.first_response_at = _first(_own_answer(session, target), *answers)
    for ticket, other in ((source, target), (target, source)):
        event = Unmerged(ticket_id=other.id, number=other.number)
        timeline.record(session, ticket, event, actor.id, now)
    return tickets.view(session, actor, source)


def _merged_into(session: Session, target: Ticket) -> list[tuple[Merge, Ticket]]:
    """What else was merged into it, the first one first. While it is locked that stays so."""
    steps = select(Merge, Ticket).join(Ticket, Ticket.id == Merge.source_id)
    found = session.execute(steps.where(Merge.into_id == target.id).order_by(Merge.into_seq))
    return [(step, ticket) for step, ticket in found]


def _own_answer(session: Session, ticket: Ticket) -> datetime | None:
    """When a person who is none of its customers first answered on the ticket itself."""
    answers = select(func.min(Event.at)).where(
        Event.ticket_id == ticket.id,
        Event.kind == MessagePosted.kind,
        Event.actor_id.not_in(people.readers(ticket)),
        exists().where(User.id == Event.actor_id, IS_PERSON),
    )
    return session.scalar(answers)


def _first(*times: datetime | None) -> datetime | None:
    return min((at for at in times if at is not None), default=None)


def _require_undoable(session: Session, done: Merge, target: Ticket, now: datetime | None) -> None:
    if clock(session, now) > done.at + UNDONE_WITHIN:
        raise Conflict("cannot_undo", "A merge can be undone for a day")
    said = select(Event.seq).where(
        Event.ticket_id == target.id, Event.seq > done.into_seq, Event.kind.in_(MESSAGES)
    )
    if target.merged_into_id is not None or session.scalar(said.limit(1)) is not None:
        raise Conflict("changed_since", "The ticket that it is a part of went on since")
