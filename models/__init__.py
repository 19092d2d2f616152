"""The tables, and nothing but the tables."""

from models.assignment import AssignmentCursor, AssignmentDecision
from models.auth_session import AuthSession
from models.base import Base, Known
from models.email_confirmation import EmailConfirmation
from models.event import Event
from models.idempotency_key import IdempotencyKey
from models.notification import Notification, NotificationKind, Outcome
from models.socket_ticket import SocketTicket
from models.ticket import (
    IS_ACTIVE,
    IS_WAITING,
    Priority,
    ReadCursor,
    Status,
    Ticket,
    bucket,
)
from models.ticket_search import TicketSearch, UnindexedEvent
from models.user import DEFAULT_CAPACITY, Role, User
from models.webhook import Disabled, Webhook, WebhookAttempt, WebhookDelivery

__all__ = [
    "DEFAULT_CAPACITY",
    "IS_ACTIVE",
    "IS_WAITING",
    "AssignmentCursor",
    "AssignmentDecision",
    "AuthSession",
    "Base",
    "Disabled",
    "EmailConfirmation",
    "Event",
    "IdempotencyKey",
    "Known",
    "Notification",
    "NotificationKind",
    "Outcome",
    "Priority",
    "ReadCursor",
    "Role",
    "SocketTicket",
    "Status",
    "Ticket",
    "TicketSearch",
    "UnindexedEvent",
    "User",
    "Webhook",
    "WebhookAttempt",
    "WebhookDelivery",
    "bucket",
]
