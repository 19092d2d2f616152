"""What goes out: the shapes of the contract, made from what the desk returns."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal, Self
from uuid import UUID

from pydantic import with_config

from desk.access import Actor, Audience
from desk.events import data_of
from desk.rows import EventRow, NotificationRow, PersonName
from models import DraftKind, Event, Known, NotificationKind, Role, Scan

ROLES = Known(Role)
NOTIFICATION_KINDS = Known(NotificationKind)


# Neither frozen nor slotted, as `TicketView`.
@with_config(title="Event")
@dataclass
class TimelineEvent:
    """One event of a timeline; ``seq`` is the number for its reader's audience."""

    ticket_id: UUID
    seq: int
    kind: str
    actor_id: UUID | None
    at: datetime
    data: dict[str, Any]

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        actor_id = data["actor_id"]
        return cls(
            UUID(data["ticket_id"]),
            data["seq"],
            data["kind"],
            UUID(actor_id) if actor_id else None,
            datetime.fromisoformat(data["at"]),
            data["data"],
        )


@dataclass(frozen=True, slots=True)
class Recorded:
    """An event as it travels between processes: numbered for the staff, with the public number."""

    event: TimelineEvent
    public_seq: int | None

    @classmethod
    def of(cls, event: Event | EventRow) -> Self:
        staff = TimelineEvent(
            event.ticket_id, event.seq, event.kind, event.actor_id, event.at, data_of(event)
        )
        return cls(staff, event.public_seq)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """What `of` made, after its way through JSON."""
        return cls(TimelineEvent.from_json(data["event"]), data["public_seq"])

    def for_audience(self, audience: Audience) -> TimelineEvent | None:
        """The event in the audience's numbering; None if it is not for them."""
        if audience is Audience.STAFF:
            return self.event
        if not self.public_seq:
            return None
        data = {name: value for name, value in self.event.data.items() if name != "cause"}
        if data.get("mentions"):  # Who of the staff is addressed is theirs to know.
            data["mentions"] = []
        return replace(self.event, seq=self.public_seq, data=data)


def timeline_event(event: Event | EventRow, audience: Audience) -> TimelineEvent:
    """An event that was read for the audience."""
    numbered = Recorded.of(event).for_audience(audience)
    if numbered is None:
        raise LookupError("a staff-only event was read for customers")
    return numbered


@dataclass(frozen=True, slots=True)
class Viewer:
    """Somebody who looks at a ticket, however many tabs they have open."""

    user_id: UUID
    full_name: str
    role: Role

    @classmethod
    def of(cls, actor: Actor) -> Self:
        return cls(actor.id, actor.full_name, actor.role)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        return cls(UUID(data["user_id"]), data["full_name"], ROLES[data["role"]])


@dataclass(frozen=True, slots=True)
class Present:
    ticket_id: UUID
    viewers: list[Viewer]


@dataclass(frozen=True, slots=True)
class ReadShown:
    """``seq``: how far, in the numbers of whoever is shown it."""

    ticket_id: UUID
    user_id: UUID
    seq: int


@dataclass(frozen=True, slots=True)
class OwnRead:
    """``unread``: the messages by others that are left on the ticket."""

    ticket_id: UUID
    unread: int


@dataclass(frozen=True, slots=True)
class OwnInboxRead:
    """``ids``: what was read; "all" of it until now. ``unread``: the notifications that are left.

    Of more than 200 at once it comes several times.
    """

    ids: list[UUID] | Literal["all"]
    unread: int


@dataclass(frozen=True, slots=True)
class DraftShown:
    """``version``: the draft's, 0 where it is gone."""

    ticket_id: UUID
    kind: DraftKind
    version: int


@dataclass(frozen=True, slots=True)
class AttachmentShown:
    """``state``: whether a file may be read by now: `pending`, `clean` or `infected`."""

    ticket_id: UUID
    id: UUID
    state: Scan


@dataclass(frozen=True, slots=True)
class Connected:
    """``version``: the release that runs. Another one than before: its pages are others, too."""

    version: str


@dataclass(frozen=True, slots=True)
class TypingShown:
    ticket_id: UUID
    user_id: UUID
    active: bool


@dataclass(frozen=True, slots=True)
class Writing:
    """Somebody who writes; ``internal``: a note."""

    user_id: UUID
    internal: bool


@dataclass(frozen=True, slots=True)
class TicketActivity:
    """Who looks at a ticket, and who writes there."""

    ticket_id: UUID
    viewers: list[UUID]
    writing: list[Writing]


@dataclass(frozen=True, slots=True)
class TicketIdle:
    """Those of who look at a ticket that are not there. They may be back, or look no more."""

    ticket_id: UUID
    user_ids: list[UUID]


@dataclass(frozen=True, slots=True)
class Resync:
    ticket_id: UUID


@dataclass(frozen=True, slots=True)
class SignedOut:
    code: str


@dataclass(frozen=True, slots=True)
class PlainMessage:
    """A message as the plain WebSocket shows it."""

    id: UUID
    ticket_id: UUID
    sender_id: UUID | None
    content: str
    timestamp: datetime
    seq: int
    client_id: str | None


@with_config(title="Notification")
@dataclass(frozen=True, slots=True)
class NotificationOut:
    id: UUID
    kind: NotificationKind
    ticket_id: UUID
    actor_id: UUID | None
    # Null where the desk itself acted.
    actor: PersonName | None
    data: dict[str, Any]
    created_at: datetime
    read_at: datetime | None

    @classmethod
    def of(cls, row: NotificationRow) -> Self:
        return cls(
            row.id,
            row.kind,
            row.ticket_id,
            row.actor_id,
            row.actor,
            row.data,
            row.created_at,
            row.read_at,
        )

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """What `of` made, after its way through JSON."""
        actor_id, read_at = data["actor_id"], data["read_at"]
        # A process of the version before does not say who it was by name.
        actor = data.get("actor")
        return cls(
            UUID(data["id"]),
            NOTIFICATION_KINDS[data["kind"]],
            UUID(data["ticket_id"]),
            UUID(actor_id) if actor_id else None,
            PersonName(UUID(actor["id"]), actor["full_name"]) if actor else None,
            data["data"],
            datetime.fromisoformat(data["created_at"]),
            datetime.fromisoformat(read_at) if read_at else None,
        )
