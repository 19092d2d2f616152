"""How much work waits, and for how long: what somebody who runs the desk watches."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from desk.tickets.tickets import WAITING
from models import Deadline, Notification, Ticket, UnindexedEvent, WebhookDelivery


@dataclass(frozen=True, slots=True)
class Backlog:
    """``oldest``: since when the oldest ticket waits, in seconds; 0 where none does."""

    tickets: int
    oldest: float
    notifications: int
    deliveries: int
    # Messages and tickets whose words are not in the search's documents yet.
    unindexed: int
    # How late the deadline is that has been due for longest, in seconds; and those given up.
    lateness: float
    dead: int


def backlog(session: Session, now: datetime) -> Backlog:
    tickets, since = session.execute(
        select(func.count(), func.min(Ticket.created_at)).where(WAITING)
    ).one()
    mails = select(func.count()).where(Notification.done_at.is_(None))
    calls = select(func.count()).where(WebhookDelivery.done_at.is_(None))
    unindexed = select(func.count()).select_from(UnindexedEvent)
    due = select(func.min(Deadline.due_at)).where(Deadline.dead_at.is_(None))
    dead = select(func.count()).where(Deadline.dead_at.is_not(None))
    return Backlog(
        tickets,
        _seconds(since, now),
        session.scalar(mails) or 0,
        session.scalar(calls) or 0,
        session.scalar(unindexed) or 0,
        _seconds(session.scalar(due), now),
        session.scalar(dead) or 0,
    )


def _seconds(since: datetime | None, now: datetime) -> float:
    return max(0.0, (now - since).total_seconds()) if since else 0.0
