"""Work that somebody left behind: tickets whose holder is no active staff (any more).

Who is deactivated or demoted loses their tickets at that moment. But one that was resolved then may
be reopened at any time, even in that very moment, and nobody would see it waiting.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, exists, select
from sqlalchemy.orm import Session

from desk.assignment import assignment
from desk.tickets import tickets
from models import Role, Ticket, User


def leavers(session: Session) -> Sequence[UUID]:
    """Who is no active staff and still holds tickets that are work."""
    return session.scalars(_query()).all()


def reclaim(session: Session, user_id: UUID, now: datetime | None) -> None:
    """Puts a leaver's tickets into the queue, unless they came back in the meantime."""
    assignment.take_turn(session)
    if user_id in leavers(session):
        assignment.release(session, user_id, None, now)


def _query() -> Select[UUID]:
    """Jumps from holder to holder in the index of loads, whatever each of them holds."""
    holder = Ticket.assigned_to_id
    first = select(holder).where(tickets.ACTIVE).order_by(holder).limit(1)
    holders = select(first.scalar_subquery().label("id")).cte("holders", recursive=True)
    following = first.where(holder > holders.c.id).scalar_subquery()
    holders = holders.union_all(select(following).where(holders.c.id.is_not(None)))
    staff = exists().where(User.id == holders.c.id, User.is_active, User.role != Role.USER)
    return select(holders.c.id).where(holders.c.id.is_not(None), ~staff)
