"""What an event of each kind carries in its ``data``: what the generated contracts say of it."""

from typing import Any
from uuid import UUID

from typing_extensions import TypedDict

from models import Kind, Priority, Status


class Opened(TypedDict):
    """Nothing: the ticket itself says it all."""


class Posted(TypedDict):
    id: UUID
    client_id: str | None
    content: str


class TagsChanged(TypedDict):
    added: list[str]
    removed: list[str]


StatusChanged = TypedDict("StatusChanged", {"from": Status, "to": Status})
Assigned = TypedDict("Assigned", {"from": UUID | None, "to": UUID | None, "by": UUID | None})
PriorityChanged = TypedDict("PriorityChanged", {"from": Priority | None, "to": Priority | None})
CategoryChanged = TypedDict("CategoryChanged", {"from": str, "to": str})

DATA: dict[Kind, Any] = {
    Kind.TICKET_CREATED: Opened,
    Kind.MESSAGE_POSTED: Posted,
    Kind.NOTE_POSTED: Posted,
    Kind.STATUS_CHANGED: StatusChanged,
    Kind.ASSIGNED: Assigned,
    Kind.PRIORITY_CHANGED: PriorityChanged,
    Kind.TAGS_CHANGED: TagsChanged,
    Kind.CATEGORY_CHANGED: CategoryChanged,
}
