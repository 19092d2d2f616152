"""How much work waits, and for how long: what somebody who runs the desk watches."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from desk.tickets.tickets import WAITING
from models import Notification, Ticket, UnindexedEvent, WebhookDelivery


@dataclass(frozen=True, slots=True)
class Backlog:
    """``oldest``: since when the oldest ticket waits, in seconds; 0 where none does."""

    tickets: int
    oldest: float
    notifications: int
    deliveries: int
    # Messages and tickets whose words are not in the search's documents yet.
    unindexed: int


def backlog(session: Session, now: datetime) -> Backlog:
    tickets, since = session.execute(
        select(func.count(), func.min(Ticket.created_at)).where(WAITING)
    ).one()
    mails = select(func.count()).where(Notification.done_at.is_(None))
    calls = select(func.count()).where(WebhookDelivery.done_at.is_(None))
    unindexed = select(func.count()).select_from(UnindexedEvent)
    return Backlog(
        tickets,
        max(0.0, (now - since).total_seconds()) if since else 0.0,
        session.scalar(mails) or 0,
        session.scalar(calls) or 0,
        session.scalar(unindexed) or 0,
    )
