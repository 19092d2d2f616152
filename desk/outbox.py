"""What a transaction recorded and may leave only after its commit."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast
from uuid import UUID

from sqlalchemy.orm import Session

from desk.jobs import Job
from desk.rows import EventRow, NotificationRow
from models import DraftKind, Event, Role, Scan


@dataclass(frozen=True, slots=True)
class TicketRead:
    """A person has read on. ``public_seq``: None where customers can see no difference."""

    ticket_id: UUID
    user_id: UUID
    seq: int
    public_seq: int | None


@dataclass(frozen=True, slots=True)
class CursorMoved:
    """A person's mark on a ticket has moved, in either direction: their own matter."""

    ticket_id: UUID
    user_id: UUID


@dataclass(frozen=True, slots=True)
class InboxRead:
    """A person has read notifications. ``ids``: None for all that there were."""

    user_id: UUID
    role: Role
    ids: tuple[UUID, ...] | None


@dataclass(frozen=True, slots=True)
class DraftChanged:
    """A person's draft is another now. ``version``: 0 where it is gone."""

    user_id: UUID
    ticket_id: UUID
    kind: DraftKind
    version: int


@dataclass(frozen=True, slots=True)
class AttachmentChanged:
    """A file was scanned. ``user_id``: its uploader, who alone may have it until an event has.
    ``is_public``: whether customers are shown that event; None: there is none yet.
    """

    ticket_id: UUID
    attachment_id: UUID
    user_id: UUID
    scan: Scan
    is_public: bool | None


@dataclass(frozen=True, slots=True)
class ViewChanged:
    """A view asks for something else from now on; ``query`` None: it is gone.

    ``but_for``: whose it is from now on, and for whom it is as it was.
    """

    view_id: UUID
    query: dict[str, Any] | None
    but_for: UUID | None = None


@dataclass(frozen=True, slots=True)
class AgentChanged:
    """Somebody of the staff takes tickets, or no longer does, or takes more or fewer."""

    user_id: UUID


@dataclass(frozen=True, slots=True)
class Audited:
    """An entry of the audit log, for the operator's stream: `desk.audit.record`."""

    action: str
    # By their names: ids and plain words.
    ids: Mapping[str, Any]
    address: str | None


@dataclass(slots=True)
class Outbox:
    events: list[Event | EventRow] = field(default_factory=list)
    notifications: list[NotificationRow] = field(default_factory=list)
    reads: list[TicketRead] = field(default_factory=list)
    # What is for its own person alone.
    moved: list[CursorMoved] = field(default_factory=list)
    inboxes: list[InboxRead] = field(default_factory=list)
    drafts: list[DraftChanged] = field(default_factory=list)
    attachments: list[AttachmentChanged] = field(default_factory=list)
    views: list[ViewChanged] = field(default_factory=list)
    agents: list[AgentChanged] = field(default_factory=list)
    # Sessions that ended, and why.
    ended: dict[UUID, str] = field(default_factory=dict)
    audited: list[Audited] = field(default_factory=list)
    wakes: set[Job] = field(default_factory=set)


def outbox(session: Session) -> Outbox:
    """The session's outbox; made anew with each session."""
    if (recorded := session.info.get("outbox")) is None:
        recorded = session.info["outbox"] = Outbox()
    return cast(Outbox, recorded)
