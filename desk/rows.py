"""What was stored, as plain values of no session: for the hottest reads and writes.

To make a mapped object costs many times as much.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from models import NotificationKind


@dataclass
class PersonName:
    """Somebody, by the name that they have now."""

    id: UUID
    full_name: str


class EventRow(NamedTuple):
    """An `Event`."""

    ticket_id: UUID
    seq: int
    public_seq: int | None
    id: UUID
    kind: str
    actor_id: UUID | None
    at: datetime
    client_id: str | None
    content: str | None
    data: dict[str, Any]
    cause: dict[str, Any] | None = None


class NotificationRow(NamedTuple):
    """A `Notification`, as far as its person is shown it, with the name of who acted."""

    id: UUID
    user_id: UUID
    kind: NotificationKind
    ticket_id: UUID
    actor_id: UUID | None
    data: dict[str, Any]
    created_at: datetime
    read_at: datetime | None
    actor_name: str | None

    @property
    def actor(self) -> PersonName | None:
        if self.actor_id is None:
            return None
        return PersonName(self.actor_id, self.actor_name or "")
