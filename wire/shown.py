"""Everything that clients of Socket.IO are shown: each event's payload, and who gets it.

What is not in this table cannot be emitted; the contract is made from it.
"""

from dataclasses import dataclass
from typing import Any

from desk.views import TicketView
from wire.channel import NOTIFICATION, SIGNED_OUT, TICKET_CHANGED, TIMELINE
from wire.shapes import NotificationOut, SignedOut, TimelineEvent


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
    SIGNED_OUT: Shown(
        SignedOut, "The session ended, or its token expired. The socket is closed right after."
    ),
}
