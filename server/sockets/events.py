"""The table of events: everything that clients may send over Socket.IO, and who may."""

from models import Scope
from server.http.contract import Right
from server.sockets.client_event import ClientEvent
from server.sockets.commands import TicketNamespace
from server.sockets.payloads import (
    Done,
    Idle,
    Joined,
    JoinTicket,
    LeaveTicket,
    MarkRead,
    PostMessage,
    RefreshAuth,
    Typing,
    Watch,
)
from wire.shapes import TimelineEvent

EVENTS = {
    "join_ticket": ClientEvent(
        JoinTicket,
        TicketNamespace.join_ticket,
        Right.VIEWER,
        Scope.TICKETS_READ,
        "Enter the room of a ticket; what happened after a number arrives first",
        gives=Joined,
        refuses=("merged", "rate_limited", "too_many_tickets"),
    ),
    "leave_ticket": ClientEvent(
        LeaveTicket,
        TicketNamespace.leave_ticket,
        Right.PERSON,
        Scope.TICKETS_READ,
        "Leave the room of a ticket",
        gives=Done,
        refuses=(),
    ),
    "post_message": ClientEvent(
        PostMessage,
        TicketNamespace.post_message,
        Right.VIEWER,
        Scope.MESSAGES_WRITE,
        "Post a message; acknowledged once it is stored, and stored once however often it is sent",
        gives=TimelineEvent,
        refuses=(
            "answered_meanwhile",
            "attachment_unavailable",
            "client_id_reused",
            "csr_required",
            "merged",
            "not_mentionable",
            "rate_limited",
            "ticket_closed",
        ),
    ),
    "typing": ClientEvent(
        Typing,
        TicketNamespace.typing,
        Right.VIEWER,
        None,
        "Say on a ticket that you have joined that you write, or no longer do",
        gives=Done,
        refuses=("csr_required", "rate_limited"),
    ),
    "mark_read": ClientEvent(
        MarkRead,
        TicketNamespace.mark_read,
        Right.VIEWER,
        None,
        "Say how far you have read",
        gives=Done,
        refuses=("rate_limited",),
    ),
    "watch": ClientEvent(
        Watch,
        TicketNamespace.watch,
        Right.STAFF,
        Scope.TICKETS_READ,
        "Say which views and tickets you want to be told of",
        gives=Done,
        refuses=("rate_limited", "view_not_found"),
    ),
    "idle": ClientEvent(
        Idle,
        TicketNamespace.idle,
        Right.STAFF,
        None,
        "Say that nobody is in front of your page any more, or somebody again",
        gives=Done,
        refuses=("rate_limited",),
    ),
    "refresh_auth": ClientEvent(
        RefreshAuth,
        TicketNamespace.refresh_auth,
        Right.PERSON,
        None,
        "Keep the socket with a later token of the same account",
        gives=Done,
        refuses=("invalid_token", "other_account", "rate_limited"),
    ),
}
