"""What clients of Socket.IO send, and what the acknowledgements bring."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints

from desk.text import ClientId, Content, Id, Input, Seq
from desk.tickets.attachments import AttachmentIds
from desk.tickets.messages import Mentions
from desk.tickets.reading import PersonRead
from desk.tickets.saved_views import BUILT_IN, MOST_VIEWS
from desk.tickets.views import TicketView
from wire.shapes import Viewer

# Those that everybody has, the shared ones and one's own.
MOST_VIEWS_WATCHED = len(BUILT_IN) + 2 * MOST_VIEWS


class Credentials(BaseModel):
    """What a client connects with; other members are its own business."""

    token: Annotated[str, StringConstraints(strict=True, max_length=8192)]


class JoinTicket(Input):
    ticket_id: Id
    after: Seq = 0


class LeaveTicket(Input):
    ticket_id: Id


class PostMessage(Input):
    ticket_id: Id
    client_id: ClientId
    content: Content
    internal: bool = False
    expect_seq: Seq | None = None
    draft: bool = False
    attachment_ids: AttachmentIds = ()
    mentions: Mentions = ()


class Typing(Input):
    ticket_id: Id
    active: bool
    # A note is being written: nothing for customers.
    internal: bool = False


class MarkRead(Input):
    ticket_id: Id
    seq: Seq


class Watch(Input):
    views: list[Annotated[str, StringConstraints(strict=True, max_length=64)]] = Field(
        max_length=MOST_VIEWS_WATCHED, description="The ids of views"
    )
    ticket_ids: list[Id] = Field(max_length=200)


class Idle(Input):
    idle: bool


class RefreshAuth(Input):
    token: Annotated[str, StringConstraints(max_length=8192)]


@dataclass(frozen=True, slots=True)
class Joined:
    """``seq``: the last number of the history. ``more``: the history was longer than one join
    replays, and the room is not entered; join again from ``seq``. ``reads``: how far people have
    read, the caller too, in the caller's numbers; 200 at most, those who have come furthest.
    """

    ticket: TicketView
    seq: int
    more: bool
    viewers: list[Viewer]
    reads: list[PersonRead]


@dataclass(frozen=True, slots=True)
class Done:
    """Nothing more to say."""
