"""Work that is left behind: tickets that are assigned to somebody who is no active staff any more.

Who is deactivated or demoted loses their tickets at that moment. But one that was resolved then may
be reopened at any time, even in that very moment, and nobody would see it waiting.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, exists, select
from sqlalchemy.orm import Session

from desk.assignment import assignment
from desk.assignment.cursors import lock_all
from desk.tickets import tickets
from models import WORKS_HERE, Ticket, User


def departed(session: Session) -> Sequence[UUID]:
    """Who is no active staff and is still assigned tickets that are work."""
    return session.scalars(_query()).all()


def reclaim(session: Session, user_id: UUID, now: datetime | None) -> None:
    """Puts the tickets of somebody departed into the queue, unless they came back meanwhile."""
    lock_all(session)
    if user_id in departed(session):
        assignment.release(session, user_id, None, now)


def _query() -> Select[UUID]:
    """Jumps from assignee to assignee in the index of loads, whatever each of them has."""
    assignee = Ticket.assigned_to_id
    first = select(assignee).where(tickets.ACTIVE).order_by(assignee).limit(1)
    assignees = select(first.scalar_subquery().label("id")).cte("assignees", recursive=True)
    following = first.where(assignee > assignees.c.id).scalar_subquery()
    assignees = assignees.union_all(select(following).where(assignees.c.id.is_not(None)))
    staff = exists().where(User.id == assignees.c.id, User.is_active, WORKS_HERE)
    return select(assignees.c.id).where(assignees.c.id.is_not(None), ~staff)
