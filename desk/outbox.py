"""What a transaction recorded and may leave only after its commit."""

from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy.orm import Session

from desk.jobs import Job
from desk.rows import EventRow, NotificationRow
from models import Event


@dataclass(frozen=True, slots=True)
class TicketRead:
    """A person has read on. ``public_seq``: None where customers can see no difference."""

    ticket_id: UUID
    user_id: UUID
    seq: int
    public_seq: int | None


@dataclass(slots=True)
class Outbox:
    events: list[Event | EventRow] = field(default_factory=list)
    notifications: list[NotificationRow] = field(default_factory=list)
    reads: list[TicketRead] = field(default_factory=list)
    # Sessions that ended, and why.
    ended: dict[UUID, str] = field(default_factory=dict)
    wakes: set[Job] = field(default_factory=set)


def outbox(session: Session) -> Outbox:
    """The session's outbox; made anew with each session."""
    recorded: Outbox = session.info.setdefault("outbox", Outbox())
    return recorded
