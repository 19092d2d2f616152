"""What a transaction recorded and may leave only after its commit."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from desk.jobs import Job
from desk.rows import EventRow, NotificationRow
from models import Event, Notification


@dataclass(frozen=True, slots=True)
class TicketRead:
    """A person has read on. ``public_seq``: None where customers can see no difference."""

    ticket_id: UUID
    user_id: UUID
    seq: int
    public_seq: int | None


@dataclass(frozen=True, slots=True)
class ViewChanged:
    """A view asks for something else from now on; ``query`` None: it is gone."""

    view_id: UUID
    query: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class AgentChanged:
    """Somebody of the staff takes tickets, or no longer does, or takes more or fewer."""

    user_id: UUID


@dataclass(slots=True)
class Outbox:
    events: list[Event | EventRow] = field(default_factory=list)
    notifications: list[Notification | NotificationRow] = field(default_factory=list)
    reads: list[TicketRead] = field(default_factory=list)
    views: list[ViewChanged] = field(default_factory=list)
    agents: list[AgentChanged] = field(default_factory=list)
    # Sessions that ended, and why.
    ended: dict[UUID, str] = field(default_factory=dict)
    wakes: set[Job] = field(default_factory=set)


def outbox(session: Session) -> Outbox:
    """The session's outbox; made anew with each session."""
    recorded: Outbox = session.info.setdefault("outbox", Outbox())
    return recorded
