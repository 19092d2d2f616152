"""Everything that clients of Socket.IO are shown: each event's payload, and who gets it.

What is not in this table cannot be emitted; the contract is made from it.
"""

from dataclasses import dataclass
from typing import Any

from desk.tickets.views import TicketView
from wire.channel import (
    NOTIFICATION,
    PRESENCE,
    READ,
    RESYNC,
    SIGNED_OUT,
    TICKET_CHANGED,
    TIMELINE,
    TYPING,
)
from wire.shapes import (
    NotificationOut,
    Present,
    ReadShown,
    Resync,
    SignedOut,
    TimelineEvent,
    TypingShown,
)


@dataclass(frozen=True, slots=True)
class Shown:
    payload: Any
    summary: str


SHOWN = {
    TIMELINE: Shown(
        TimelineEvent,
        "Something happened on a ticket. To those who joined it, numbered for their audience, once "
        "and in order; and to a joining socket as its history.",
    ),
    TICKET_CHANGED: Shown(
        TicketView, "A ticket changed. To all staff, and to the ticket's customer."
    ),
    NOTIFICATION: Shown(NotificationOut, "A new notification. To the person whom it tells."),
    PRESENCE: Shown(
        Present, "Who looks at a ticket now. To those who joined it, whenever that changes."
    ),
    READ: Shown(ReadShown, "Somebody has read a ticket so far. To those who joined it."),
    TYPING: Shown(
        TypingShown, "Somebody writes, or no longer does. To the others who joined the ticket."
    ),
    RESYNC: Shown(
        Resync,
        "The socket before was cut off, as it did not read, and may have missed something of this "
        "ticket: join it again from the last number.",
    ),
    SIGNED_OUT: Shown(
        SignedOut, "The session ended, or its token expired. The socket is closed right after."
    ),
}
