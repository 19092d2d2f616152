"""The tables, and nothing but the tables."""

from models.assignment import AssignmentCursor, AssignmentDecision
from models.auth_session import AuthSession
from models.base import Base, Known, Leased
from models.deadline import Deadline
from models.email_confirmation import EmailConfirmation
from models.event import MESSAGES, STAFF_ONLY, Event, Kind
from models.idempotency_key import IdempotencyKey
from models.notification import Notification, NotificationKind, Outcome
from models.socket_ticket import SocketTicket
from models.ticket import IS_ACTIVE, IS_WAITING, Priority, ReadCursor, Status, Ticket
from models.ticket_search import TicketSearch, UnindexedEvent
from models.user import DEFAULT_CAPACITY, Role, User
from models.webhook import Disabled, Webhook, WebhookAttempt, WebhookDelivery

__all__ = [
    "DEFAULT_CAPACITY",
    "IS_ACTIVE",
    "IS_WAITING",
    "MESSAGES",
    "STAFF_ONLY",
    "AssignmentCursor",
    "AssignmentDecision",
    "AuthSession",
    "Base",
    "Deadline",
    "Disabled",
    "EmailConfirmation",
    "Event",
    "IdempotencyKey",
    "Kind",
    "Known",
    "Leased",
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
]
