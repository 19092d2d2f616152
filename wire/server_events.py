"""What the server sends to clients of Socket.IO: each event's name, its payload, and who gets it.

What is not in this table cannot be sent; the contract is made from it.
"""

from dataclasses import dataclass
from typing import Any

from desk.assignment.agents import Load
from desk.tickets.view_counts import Counts
from desk.tickets.views import TicketRow
from wire.shapes import (
    AttachmentShown,
    Connected,
    DraftShown,
    NotificationOut,
    OwnInboxRead,
    OwnRead,
    Present,
    ReadShown,
    Resync,
    SignedOut,
    TicketActivity,
    TicketIdle,
    TimelineEvent,
    TypingShown,
)

# The namespace of Socket.IO that all of them are sent in.
NAMESPACE = "/tickets"

TIMELINE = "timeline"
NOTIFICATION = "notification"
TICKET_CHANGED = "ticket_changed"
SIGNED_OUT = "signed_out"
PRESENCE = "presence"
READ = "read"
TYPING = "typing"
RESYNC = "resync"
CONNECTED = "connected"
TICKET_READ = "ticket_read"
NOTIFICATIONS_READ = "notifications_read"
DRAFT_CHANGED = "draft_changed"
ATTACHMENT_CHANGED = "attachment_changed"
VIEW_COUNTS = "view_counts"
ACTIVITY = "activity"
IDLE = "idle"
AGENTS_CHANGED = "agents_changed"


@dataclass(frozen=True, slots=True)
class ServerEvent:
    """One event: the shape of its payload, and for the contract what it says and to whom."""

    payload: Any
    summary: str


SERVER_EVENTS = {
    TIMELINE: ServerEvent(
        TimelineEvent,
        "Something happened on a ticket. To those who joined it, numbered for their audience, once "
        "and in order; and to a joining socket as its history.",
    ),
    TICKET_CHANGED: ServerEvent(
        TicketRow,
        "A ticket changed. To the ticket's customer, and to the staff: to those sockets that watch "
        "it, or a view that it is in or was in before, and to all that have not said `watch`.",
    ),
    NOTIFICATION: ServerEvent(NotificationOut, "A new notification. To the person whom it tells."),
    PRESENCE: ServerEvent(
        Present, "Who looks at a ticket now. To those who joined it, whenever that changes."
    ),
    READ: ServerEvent(ReadShown, "Somebody has read a ticket so far. To those who joined it."),
    TYPING: ServerEvent(
        TypingShown, "Somebody writes, or no longer does. To the others who joined the ticket."
    ),
    TICKET_READ: ServerEvent(
        OwnRead, "You have read a ticket further, or moved your mark back. To your own sockets."
    ),
    NOTIFICATIONS_READ: ServerEvent(
        OwnInboxRead, "You have read notifications. To your own sockets."
    ),
    DRAFT_CHANGED: ServerEvent(
        DraftShown, "A draft of yours was kept, removed, or posted. To your own sockets."
    ),
    ATTACHMENT_CHANGED: ServerEvent(
        AttachmentShown,
        "A file was scanned. To those who joined its ticket and may read the event that has it; "
        "before there is one, to its uploader.",
    ),
    CONNECTED: ServerEvent(Connected, "What runs here. To a socket, right after it has connected."),
    VIEW_COUNTS: ServerEvent(
        dict[str, Counts],
        "How many tickets are in views, by their ids, and how many of them have something unread. "
        "To the sockets that watch them: all when they begin to, and then what has changed, at "
        "most once a second.",
    ),
    ACTIVITY: ServerEvent(
        TicketActivity,
        "Who looks at a ticket and who writes there. To the sockets of the staff that name it in "
        "`watch`: when they begin to, if there is anybody, and when it changes, at most once a "
        "second.",
    ),
    IDLE: ServerEvent(
        TicketIdle,
        "Who looks at a ticket on pages that nobody is in front of, as they said by `idle`. To "
        "the sockets of the staff that are sent `activity`, as often.",
    ),
    AGENTS_CHANGED: ServerEvent(
        list[Load],
        "Those of the staff who take tickets now, or no longer do, or have more or fewer than "
        "before. To all staff, at most once a second.",
    ),
    RESYNC: ServerEvent(
        Resync,
        "The socket before was cut off, as it did not read, and may have missed something of this "
        "ticket; or whoever it is was taken off it: join it again from the last number.",
    ),
    SIGNED_OUT: ServerEvent(
        SignedOut, "The session ended, or its token expired. The socket is closed right after."
    ),
}
