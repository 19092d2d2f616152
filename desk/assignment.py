"""Giving tickets to CSRs: fairly and by itself, or by hand."""

from collections.abc import Container, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from random import Random
from typing import Annotated
from uuid import UUID

from pydantic import Strict
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from desk import notifications, tickets, timeline
from desk.access import Actor
from desk.errors import Conflict, Invalid
from desk.jobs import Job
from desk.outbox import outbox
from desk.text import Id, Input
from desk.views import TicketView
from models import AssignmentCursor, Event, Kind, NotificationKind, Priority, Role, Ticket, User

BATCH = 25


class Strategy(StrEnum):
    ROUND_ROBIN = "round_robin"
    LEAST_LOADED = "least_loaded"
    RANDOM = "random"


class Assign(Input):
    """``assignee_id`` null puts the ticket back into the queue."""

    assignee_id: Id | None
    priority: Annotated[Priority | None, Strict(False)] = None


@dataclass(slots=True)
class Candidate:
    user: User
    open_tickets: int

    @property
    def is_eligible(self) -> bool:
        return self.user.available and self.open_tickets < self.user.capacity


def take_turn(session: Session) -> AssignmentCursor:
    """Waits until nobody else assigns. Always the first lock: cursor, then ticket, then user.

    In a statement of its own, so that whatever is read next is read after the wait. Read in the
    same statement it would be as old as the wait was long, and the counts no longer fair.
    """
    query = select(AssignmentCursor).with_for_update()
    return session.scalars(query).one()


def drain(session: Session, strategy: Strategy, now: datetime, random: Random) -> int:
    """Assigns up to `BATCH` waiting tickets, oldest first; the number of those it could assign.

    A full batch may have left more behind. Harmless to repeat: an assigned ticket no longer
    waits, and a locked one is left to the next time.
    """
    cursor = take_turn(session)
    waiting = session.scalars(
        select(Ticket)
        .where(tickets.WAITING)
        .order_by(Ticket.created_at, Ticket.id)
        .limit(BATCH)
        .with_for_update(skip_locked=True, key_share=True)
    ).all()
    candidates = _candidates(session) if waiting else []
    for done, ticket in enumerate(waiting):
        chosen = choose(strategy, candidates, random)
        if chosen is None:
            return done
        cursor.turn += 1
        chosen.user.turn = cursor.turn
        chosen.user.last_assigned_at = now
        chosen.open_tickets += 1
        _give(session, ticket, chosen.user.id, by=None, now=now)
    return len(waiting)


def _candidates(session: Session) -> list[Candidate]:
    """Active CSRs, locked, with the tickets that they have to work on."""
    users = session.scalars(
        select(User)
        .where(User.role == Role.CSR, User.is_active)
        .order_by(User.id)
        .with_for_update(key_share=True)
    ).all()
    loads = session.execute(
        select(Ticket.assigned_to_id, func.count())
        .where(Ticket.assigned_to_id.is_not(None), tickets.ACTIVE)
        .group_by(Ticket.assigned_to_id)
    )
    by_user = {row[0]: row[1] for row in loads}
    return [Candidate(user, by_user.get(user.id, 0)) for user in users]


def choose(strategy: Strategy, candidates: Sequence[Candidate], random: Random) -> Candidate | None:
    """Whose turn it is among those who are available and under capacity; None if nobody is."""
    eligible = [c for c in candidates if c.is_eligible]
    if not eligible:
        return None
    if strategy is Strategy.RANDOM:
        return random.choice(eligible)
    if strategy is Strategy.LEAST_LOADED:
        return min(eligible, key=lambda c: (c.open_tickets, c.user.turn, c.user.id))
    return min(eligible, key=lambda c: (c.user.turn, c.user.id))


def assign(
    session: Session,
    actor: Actor,
    ticket_id: UUID,
    wanted: Assign,
    now: datetime,
    versions: Container[int] | None = None,
) -> TicketView:
    """By hand, to anyone of the staff who is active, or back to the queue.

    Raises `NotFound`, `Stale`, `Invalid` (``not_assignable``).
    """
    take_turn(session)
    ticket = tickets.held(session, actor, ticket_id)
    tickets.expect_version(ticket, versions)
    if wanted.assignee_id is not None:
        _require_assignable(session, wanted.assignee_id)
    if "priority" in wanted.model_fields_set:
        tickets.set_priority(session, actor, ticket, wanted.priority, now)
    if wanted.assignee_id != ticket.assigned_to_id:
        _give(session, ticket, wanted.assignee_id, by=actor.id, now=now)
    return tickets.view(session, actor, ticket)


def claim(session: Session, actor: Actor, ticket_id: UUID, now: datetime) -> TicketView:
    """Takes a ticket that nobody has. Of many at once, one wins; the others get a `Conflict`."""
    take_turn(session)
    ticket = tickets.held(session, actor, ticket_id)
    if ticket.assigned_to_id is not None:
        raise Conflict("already_assigned", "The ticket is already assigned")
    _give(session, ticket, actor.id, by=actor.id, now=now)
    return tickets.view(session, actor, ticket)


def _require_assignable(session: Session, user_id: UUID) -> None:
    user = session.scalar(select(User).where(User.id == user_id).with_for_update(key_share=True))
    if user is None or not user.is_active or user.role is Role.USER:
        raise Invalid(
            "not_assignable", "Only active staff can be given tickets", pointer="/assignee_id"
        )


def _give(
    session: Session, ticket: Ticket, to: UUID | None, by: UUID | None, now: datetime
) -> Event:
    before, ticket.assigned_to_id = ticket.assigned_to_id, to
    data = {
        "from": str(before) if before else None,
        "to": str(to) if to else None,
        "by": str(by) if by else None,
    }
    event = timeline.record(session, ticket, Kind.ASSIGNED, by, now, data=data)
    if to is None:
        outbox(session).wakes.add(Job.DRAIN_ASSIGNMENT)
    else:
        about = {"number": ticket.number, "title": ticket.title}
        notifications.notify(session, to, NotificationKind.ASSIGNED, event, now, about)
    return event
