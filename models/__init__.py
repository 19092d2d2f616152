"""The tables, and nothing but the tables."""

from models.absence import Absence, AvailableSpell
from models.account_mail import AccountMail
from models.api_key import ApiKey, Scope
from models.assignment import AssignmentCursor, AssignmentDecision
from models.attachment import Attachment, LooseFile, Scan
from models.audit import AuditEntry, AuditHead
from models.auth_session import AuthSession
from models.base import Base, Known, Leased
from models.deadline import Deadline
from models.draft import Draft, DraftKind
from models.email_confirmation import EmailConfirmation
from models.erasure import Erasure
from models.event import Event
from models.field import (
    LONGEST_VALUE,
    CustomField,
    FieldAccess,
    FieldKind,
    FieldNeed,
    FieldValue,
    Value,
    Values,
)
from models.idempotency_key import IdempotencyKey
from models.identity_token import SpentIdentityToken
from models.linked_identity import LinkedIdentity
from models.macro import MACRO_HOLDER, NOBODY, Batch, Macro, MacroCount, MacroScope
from models.merge import Merge
from models.notification import Notification, NotificationKind, Outcome
from models.one_time_token import OneTimeToken
from models.rating import Rating, RatingRequest
from models.reminder import Reminder
from models.second_factor import LoginChallenge, Passkey, PasskeyChallenge, RecoveryCode, Totp
from models.socket_ticket import SocketTicket
from models.team import Team, TeamMember
from models.ticket import (
    ACTIVE_STATUSES,
    HAS_PARTICIPANTS,
    IN_WEBHOOKS,
    IS_ACTIVE,
    IS_WAITING,
    QUEUE,
    RANKS,
    Priority,
    ReadCursor,
    Status,
    Ticket,
    bucket,
)
from models.ticket_link import LinkKind, TicketLink
from models.ticket_search import TicketSearch, UnindexedEvent
from models.user import (
    ADDRESS,
    CALLED,
    DEFAULT_CAPACITY,
    IS_PERSON,
    IS_VERIFIED,
    WORKS_HERE,
    Role,
    User,
    UserKind,
)
from models.view import View
from models.webhook import Disabled, Webhook, WebhookAttempt, WebhookDelivery

__all__ = [
    "ACTIVE_STATUSES",
    "ADDRESS",
    "CALLED",
    "DEFAULT_CAPACITY",
    "HAS_PARTICIPANTS",
    "IN_WEBHOOKS",
    "IS_ACTIVE",
    "IS_PERSON",
    "IS_VERIFIED",
    "IS_WAITING",
    "LONGEST_VALUE",
    "MACRO_HOLDER",
    "NOBODY",
    "QUEUE",
    "RANKS",
    "WORKS_HERE",
    "Absence",
    "AccountMail",
    "ApiKey",
    "AssignmentCursor",
    "AssignmentDecision",
    "Attachment",
    "AuditEntry",
    "AuditHead",
    "AuthSession",
    "AvailableSpell",
    "Base",
    "Batch",
    "CustomField",
    "Deadline",
    "Disabled",
    "Draft",
    "DraftKind",
    "EmailConfirmation",
    "Erasure",
    "Event",
    "FieldAccess",
    "FieldKind",
    "FieldNeed",
    "FieldValue",
    "IdempotencyKey",
    "Known",
    "Leased",
    "LinkKind",
    "LinkedIdentity",
    "LoginChallenge",
    "LooseFile",
    "Macro",
    "MacroCount",
    "MacroScope",
    "Merge",
    "Notification",
    "NotificationKind",
    "OneTimeToken",
    "Outcome",
    "Passkey",
    "PasskeyChallenge",
    "Priority",
    "Rating",
    "RatingRequest",
    "ReadCursor",
    "RecoveryCode",
    "Reminder",
    "Role",
    "Scan",
    "Scope",
    "SocketTicket",
    "SpentIdentityToken",
    "Status",
    "Team",
    "TeamMember",
    "Ticket",
    "TicketLink",
    "TicketSearch",
    "Totp",
    "UnindexedEvent",
    "User",
    "UserKind",
    "Value",
    "Values",
    "View",
    "Webhook",
    "WebhookAttempt",
    "WebhookDelivery",
    "bucket",
]
