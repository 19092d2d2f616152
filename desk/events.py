"""What can happen on a ticket: one class a kind of event, with all that is said of it anywhere."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, to_jsonable_python
from uuid_utils.compat import uuid7

from desk.event_data import EventData
from desk.merge_events import MergedFrom, MergedInto, SplitFrom, SplitTo, Unmerged
from desk.people_events import Erased, Linked, ParticipantsChanged, Unlinked
from desk.rows import EventRow
from desk.snooze_events import Snoozed, Woke
from models import Event, Priority, Status, Ticket, Value


@dataclass(frozen=True, slots=True)
class AttachmentInfo:
    """A file that came with a message. ``type``: by its content. ``width``, ``height``: of a
    picture, in pixels, where its header says so.
    """

    id: UUID
    name: str
    size: int
    type: str
    width: int | None = None
    height: int | None = None


@dataclass(frozen=True, kw_only=True)
class Message(EventData):
    """What somebody says: a text, with a name by which a repeat of it is known, and files.
    ``erased``: there and true where its words were erased.
    """

    id: UUID = field(default_factory=uuid7)
    client_id: str | None
    content: str
    attachments: Sequence[AttachmentInfo] = ()
    # Of the staff, whom it is addressed to.
    mentions: Sequence[UUID] = ()
    # Never written with a message: see `desk.erasure`.
    sometimes = frozenset({"erased"})
    erased: bool = False

    def columns(self) -> dict[str, Any]:
        more = {"attachments": self.attachments, "mentions": self.mentions}
        data = {name: to_jsonable_python(values) for name, values in more.items() if values}
        return {"id": self.id, "client_id": self.client_id, "content": self.content, "data": data}

    def words(self, ticket: Ticket) -> str:
        return "\n".join((self.content, *(each.name for each in self.attachments)))


@dataclass(frozen=True, kw_only=True)
class TicketCreated(EventData):
    """A customer opened the ticket, which itself says the rest."""

    kind = "ticket_created"
    sentence = "opened the ticket"

    def words(self, ticket: Ticket) -> str:
        return f"{ticket.number}\n{ticket.title}\n{ticket.description}"


@dataclass(frozen=True, kw_only=True)
class MessagePosted(Message):
    """Somebody wrote to everyone on the ticket."""

    kind = "message_posted"
    sentence = "wrote: {content}"


@dataclass(frozen=True, kw_only=True)
class NotePosted(Message):
    """Somebody of the staff wrote to the staff."""

    kind = "note_posted"
    sentence = "noted: {content}"
    is_internal = True


@dataclass(frozen=True, kw_only=True)
class StatusChanged(EventData):
    """The ticket went from one status to another."""

    kind = "status_changed"
    sentence = "changed the status from {from} to {to}"

    from_: Annotated[Status, Field(alias="from")]
    to: Status


@dataclass(frozen=True, kw_only=True)
class Assigned(EventData):
    """The ticket was given to somebody, or back to the queue; ``by`` null: by the desk itself."""

    kind = "assigned"
    sentence = "moved the ticket from {from} to {to}"

    from_: Annotated[UUID | None, Field(alias="from")]
    to: UUID | None
    by: UUID | None


@dataclass(frozen=True, kw_only=True)
class PriorityChanged(EventData):
    """The ticket's priority was set or cleared."""

    kind = "priority_changed"
    sentence = "changed the priority from {from} to {to}"

    from_: Annotated[Priority | None, Field(alias="from")]
    to: Priority | None


@dataclass(frozen=True, kw_only=True)
class TagsChanged(EventData):
    """Somebody of the staff tagged the ticket, or took tags away."""

    kind = "tags_changed"
    sentence = "added the tags {added} and removed {removed}"
    is_internal = True

    added: list[str]
    removed: list[str]


@dataclass(frozen=True, kw_only=True)
class CategoryChanged(EventData):
    """The ticket was moved to another category."""

    kind = "category_changed"
    sentence = "changed the category from {from} to {to}"

    from_: Annotated[str, Field(alias="from")]
    to: str


@dataclass(frozen=True, kw_only=True)
class ValueChange:
    """A custom field's value before and after; null is none."""

    from_: Annotated[Value | None, Field(alias="from")]
    to: Value | None


@dataclass(frozen=True, kw_only=True)
class FieldsChanged(EventData):
    """Values of custom fields that the customer may see, by their keys, were set or cleared."""

    kind = "fields_changed"
    sentence = "changed fields of the ticket"

    changes: dict[str, ValueChange]

    def columns(self) -> dict[str, Any]:
        changes = {key: {"from": c.from_, "to": c.to} for key, c in self.changes.items()}
        return {"data": changes}

    def words(self, ticket: Ticket) -> str | None:
        values = (change.to for change in self.changes.values() if change.to is not None)
        return "\n".join(text for value in values for text in texts_of(value)) or None

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """The changes are not in a member of the data: they are all of it."""
        shown = handler(schema)
        whole = handler.resolve_ref_schema(shown)
        whole["additionalProperties"] = whole.pop("properties")["changes"]["additionalProperties"]
        whole.pop("required")
        return shown


@dataclass(frozen=True, kw_only=True)
class StaffFieldsChanged(FieldsChanged):
    """The same of custom fields that customers may not see."""

    kind = "staff_fields_changed"
    is_internal = True


def texts_of(value: Value) -> list[str]:
    """A field's value in words, one way for equal values; several choices each."""
    match value:
        case list():
            return value
        case str():
            return [value]
        case bool():
            return ["true" if value else "false"]
    return [format(Decimal(repr(value)), "f")]


@dataclass(frozen=True, kw_only=True)
class TeamChanged(EventData):
    """The ticket was moved to the queue of another team; null: of none."""

    kind = "team_changed"
    sentence = "moved the ticket from team {from} to team {to}"
    is_internal = True

    from_: Annotated[UUID | None, Field(alias="from")]
    to: UUID | None


@dataclass(frozen=True, kw_only=True)
class SkillsRequired(EventData):
    """The skills that whoever is given the ticket has to have were set."""

    kind = "skills_required"
    sentence = "changed the required skills from {from} to {to}"
    is_internal = True

    from_: Annotated[list[str], Field(alias="from")]
    to: list[str]


@dataclass(frozen=True, kw_only=True)
class Rated(EventData):
    """The customer rated how the ticket was resolved, from 1 to 5; the last time counts."""

    kind = "rated"
    sentence = "rated the answer {score} of 5"

    score: int
    comment: str | None

    def words(self, ticket: Ticket) -> str | None:
        return self.comment


KINDS: dict[str, type[EventData]] = {
    each.kind: each
    for each in (
        TicketCreated,
        MessagePosted,
        NotePosted,
        StatusChanged,
        Assigned,
        PriorityChanged,
        TagsChanged,
        CategoryChanged,
        FieldsChanged,
        StaffFieldsChanged,
        TeamChanged,
        SkillsRequired,
        ParticipantsChanged,
        Linked,
        Unlinked,
        MergedInto,
        MergedFrom,
        Unmerged,
        SplitFrom,
        SplitTo,
        Snoozed,
        Woke,
        Rated,
        Erased,
    )
}
# For those who choose among them. What is read may be of a newer process: any text.
Kind = StrEnum("Kind", {kind.upper(): kind for kind in KINDS})  # type: ignore[misc]

MESSAGES = tuple(kind for kind, of in KINDS.items() if issubclass(of, Message))
PUBLIC_MESSAGES = tuple(kind for kind in MESSAGES if not KINDS[kind].is_internal)


@dataclass(frozen=True)
class Entry:
    """An event that is being written into a timeline, as its effects are given it."""

    ticket: Ticket
    row: Event
    event: EventData
    # The webhooks that asked for its kind, locked until the commit.
    webhook_ids: Sequence[UUID]
    # From when on others are told: its time, or now where that is ahead of the clock.
    due_at: datetime


def data_of(event: Event | EventRow) -> dict[str, Any]:
    """What a stored event carries, whatever its kind, and its cause, which is the staff's alone."""
    data = event.data
    if event.content is not None:
        said = {"id": event.id, "client_id": event.client_id, "content": event.content}
        data = {**said, "attachments": [], "mentions": [], **data}
    return {**data, "cause": event.cause} if event.cause else data
