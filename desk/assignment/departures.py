"""Work that is left behind: tickets that are assigned to somebody who is no active staff any more.

Who is deactivated or demoted loses their tickets at that moment. But one that was resolved then may
be reopened at any time, even in that very moment, and nobody would see it waiting.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Select, exists, select
from sqlalchemy.orm import Session

from desk.assignment import assignment
from desk.assignment.assignment import Decision
from desk.assignment.cursors import lock_all
from desk.assignment.decisions import ByClock, ByHand
from desk.tickets import tickets
from models import WORKS_HERE, Ticket, User


def departed(session: Session) -> Sequence[UUID]:
    """Who is no active staff and is still assigned tickets that are work."""
    return session.scalars(_query()).all()


def reclaim(session: Session, user_id: UUID, now: datetime | None) -> None:
    """Puts the tickets of somebody departed into the queue, unless they came back meanwhile."""
    lock_all(session)
    if user_id in departed(session):
        release(session, user_id, None, now)


def release(session: Session, user_id: UUID, by: UUID | None, now: datetime | None) -> None:
    """Puts what a person works on back into the queues. They stay locked until the commit."""
    for ticket in _held_by(session, user_id):
        assignment.put_back(session, ticket, Decision(ByHand.MANUAL, by), now)


def release_waiting(session: Session, user_id: UUID) -> None:
    """As `release`, of what waits for an answer: they are away."""
    waits = Ticket.last_message_from_staff.is_not(True)
    # What wakes is looked at then.
    for ticket in _held_by(session, user_id, waits, tickets.AWAKE):
        assignment.put_back(session, ticket, Decision(ByClock.AWAY), None)


def _held_by(session: Session, user_id: UUID, *conditions: ColumnElement[bool]) -> Sequence[Ticket]:
    """What a person works on, locked, and then they, so that nothing more comes to them."""
    theirs = [Ticket.assigned_to_id == user_id, tickets.ACTIVE, *conditions]
    # In one order, as others may hold more than one ticket, too.
    held = tickets.locked(select(Ticket).where(*theirs).order_by(Ticket.id))
    person = select(User.id).where(User.id == user_id).with_for_update(key_share=True)
    while True:
        # What was locked in vain is free again after it.
        with session.begin_nested() as attempt:
            found = session.scalars(held).all()
            session.execute(person)
            # Something may have come to them before they were locked, and tickets come first.
            if {*session.scalars(select(Ticket.id).where(*theirs))} <= {each.id for each in found}:
                return found
            attempt.rollback()


def _query() -> Select[UUID]:
    """Jumps from assignee to assignee in the index of loads, whatever each of them has."""
    assignee = Ticket.assigned_to_id
    first = select(assignee).where(tickets.ACTIVE).order_by(assignee).limit(1)
    assignees = select(first.scalar_subquery().label("id")).cte("assignees", recursive=True)
    following = first.where(assignee > assignees.c.id).scalar_subquery()
    assignees = assignees.union_all(select(following).where(assignees.c.id.is_not(None)))
    staff = exists().where(User.id == assignees.c.id, User.is_active, WORKS_HERE)
    return select(assignees.c.id).where(assignees.c.id.is_not(None), ~staff)
