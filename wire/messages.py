"""What the processes say to each other over Redis: one type for each message.

Each message says what has happened, and may be lost: whoever needs it finds it again elsewhere.
Each has a topic, and is heard by the processes that follow it. They travel in batches, sealed
(`wire.seal`): ``{"process": …, "messages": [{"type": …, "version": …, "body": …}, …]}``. A process
that knows no such type, or not in that version, skips the message.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from pydantic import PlainValidator, TypeAdapter

from desk.access import Audience
from desk.outbox import (
    AgentChanged,
    AttachmentChanged,
    CursorMoved,
    DraftChanged,
    InboxRead,
    Outbox,
    TicketRead,
    ViewChanged,
)
from wire import codec
from wire.presence import Seen
from wire.shapes import NotificationOut, Recorded


@dataclass(frozen=True, slots=True)
class TicketMoved:
    """A ticket has moved on; ``seq``, ``public_seq`` (0: no event of it is public): to where."""

    ticket_id: UUID
    seq: int
    public_seq: int


@dataclass(frozen=True, slots=True)
class NotificationRecorded:
    """A notification was committed. ``user_id``: for whom."""

    user_id: UUID
    notification: Annotated[NotificationOut, PlainValidator(NotificationOut.from_json)]


@dataclass(frozen=True, slots=True)
class SessionEnded:
    """A session is over; its sockets are to be closed. ``code``: why."""

    session_id: UUID
    code: str


@dataclass(frozen=True, slots=True)
class ViewersChanged:
    """What one process says of the people who look at a ticket through it."""

    process: str
    ticket_id: UUID
    seen: Annotated[Seen, PlainValidator(Seen.from_json)]


@dataclass(frozen=True, slots=True)
class TypingChanged:
    """A person writes on a ticket, or no longer does, and who may know.

    ``key``: the socket that they write through, of the process that says so.
    """

    process: str
    key: str
    ticket_id: UUID
    user_id: UUID
    audiences: tuple[Audience, ...]
    active: bool
    # Of a note; a process that is older does not say it.
    internal: bool = False


@dataclass(frozen=True, slots=True)
class Echo:
    """Nothing: a process that hears its own knows that its subscription lives."""


Message = (
    Recorded
    | TicketMoved
    | NotificationRecorded
    | TicketRead
    | CursorMoved
    | InboxRead
    | DraftChanged
    | AttachmentChanged
    | SessionEnded
    | ViewersChanged
    | TypingChanged
    | ViewChanged
    | AgentChanged
    | Echo
)

# The name and the version of each. Who changes a shape so that an older process would misread it
# raises the version.
NAMES: dict[type[Message], tuple[str, int]] = {
    Recorded: ("event_recorded", 1),
    TicketMoved: ("ticket_moved", 1),
    NotificationRecorded: ("notification_recorded", 1),
    TicketRead: ("ticket_read", 1),
    CursorMoved: ("cursor_moved", 1),
    InboxRead: ("inbox_read", 1),
    DraftChanged: ("draft_changed", 1),
    AttachmentChanged: ("attachment_changed", 1),
    SessionEnded: ("session_ended", 1),
    ViewersChanged: ("viewers_changed", 1),
    TypingChanged: ("typing_changed", 1),
    ViewChanged: ("view_changed", 1),
    AgentChanged: ("agent_changed", 1),
    Echo: ("echo", 1),
}
# An event is read by its own `from_json`, as a newer process may know more kinds.
READERS: dict[tuple[str, int], Callable[[Any], Any]] = {
    name: Recorded.from_json if shape is Recorded else TypeAdapter(shape).validate_python
    for shape, name in NAMES.items()
}


# What every process follows.
DESK = "live"


def ticket_topic(ticket_id: UUID) -> str:
    """What those are told who are inside a ticket."""
    return f"ticket:{ticket_id}"


def viewers_topic(ticket_id: UUID) -> str:
    """Who looks at a ticket and who writes: also shown where it only stands in a list."""
    return f"viewers:{ticket_id}"


def topics_inside(ticket_id: UUID) -> tuple[str, ...]:
    """What is followed for those who are inside a ticket."""
    return ticket_topic(ticket_id), viewers_topic(ticket_id)


def person_topic(user_id: UUID) -> str:
    """What is for one person's sockets."""
    return f"person:{user_id}"


TOPICS: dict[type[Message], Callable[[Any], str]] = {
    Recorded: lambda recorded: ticket_topic(recorded.event.ticket_id),
    TicketRead: lambda read: ticket_topic(read.ticket_id),
    ViewersChanged: lambda changed: viewers_topic(changed.ticket_id),
    TypingChanged: lambda changed: viewers_topic(changed.ticket_id),
    NotificationRecorded: lambda recorded: person_topic(recorded.user_id),
    CursorMoved: lambda moved: person_topic(moved.user_id),
    InboxRead: lambda read: person_topic(read.user_id),
    DraftChanged: lambda changed: person_topic(changed.user_id),
    AttachmentChanged: lambda changed: (
        person_topic(changed.user_id)
        if changed.is_public is None
        else ticket_topic(changed.ticket_id)
    ),
}


def _everybodys(_: Message) -> str:
    return DESK


def by_topic(messages: Iterable[Message]) -> Mapping[str, list[Message]]:
    """The messages by where they are said, in their order."""
    found: defaultdict[str, list[Message]] = defaultdict(list)
    for message in messages:
        found[TOPICS.get(type(message), _everybodys)(message)].append(message)
    return found


def channel_of(prefix: str, topic: str) -> str:
    """``prefix``: tells this desk from others: pub/sub of Redis knows no database numbers."""
    return f"{prefix}:{topic}"


def messages_of(outbox: Outbox) -> Iterator[Message]:
    """What the other processes are told of a committed transaction."""
    moved: dict[UUID, TicketMoved] = {}
    for event in outbox.events:
        yield (recorded := Recorded.of(event))
        public_seq = recorded.public_seq or 0
        if known := moved.get(event.ticket_id):
            public_seq = max(public_seq, known.public_seq)
        moved[event.ticket_id] = TicketMoved(event.ticket_id, event.seq, public_seq)
    yield from moved.values()
    for row in outbox.notifications:
        yield NotificationRecorded(row.user_id, NotificationOut.of(row))
    yield from outbox.reads
    yield from outbox.moved
    yield from outbox.inboxes
    yield from outbox.drafts
    yield from outbox.attachments
    yield from outbox.views
    yield from outbox.agents
    for session_id, code in outbox.ended.items():
        yield SessionEnded(session_id, code)


def head_of(process: str) -> bytes:
    """So does each batch of the process begin."""
    return codec.encode({"process": process})[:-1]


def encode(process: str, messages: Sequence[Message]) -> bytes:
    """The messages as one batch."""
    said = []
    for message in messages:
        name, version = NAMES[type(message)]
        said.append({"type": name, "version": version, "body": message})
    return codec.encode({"process": process, "messages": said})


def decode(batch: bytes) -> list[Any]:
    """What is in a batch, each to be `read`. Raises an exception for what is no batch."""
    return list(codec.loads_own(batch)["messages"])


def read(said: Any) -> Message:
    """One message. Raises an exception for one that this process does not know, or cannot read."""
    message: Message = READERS[said["type"], said["version"]](said["body"])
    return message
