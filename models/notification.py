"""Notifications: the person's inbox, and at the same time the queue of mails to be sent."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Leased, one_of


class NotificationKind(StrEnum):
    ASSIGNED = "assigned"
    MESSAGE_POSTED = "message_posted"
    STATUS_CHANGED = "status_changed"
    REOPENED = "reopened"
    # On copy from then on.
    ADDED = "added"
    MENTIONED = "mentioned"
    WOKE = "woke"
    REMINDER = "reminder"
    RATED = "rated"
    # Another ticket became a part of it.
    MERGED = "merged"


class Outcome(StrEnum):
    """Why a notification is no longer to be mailed."""

    SENT = "sent"
    # The person was looking at the ticket, or had read of it.
    PRESENT = "present"
    READ = "read"
    # The person wants no mail, or may not see the ticket any more.
    UNWANTED = "unwanted"
    # It was tried too often; an operator may have it tried again.
    DEAD = "dead"


class Notification(Leased, Base):
    __tablename__ = "notifications"
    __table_args__ = (
        # A person's inbox, newest first.
        Index("ix_notifications_inbox", "user_id", "created_at", "id"),
        Index(
            "ix_notifications_unread",
            "user_id",
            "created_at",
            "id",
            postgresql_where="read_at is null",
        ),
        # What is still to be mailed. What becomes one mail is found in the inbox.
        Index("ix_notifications_due", "due_at", postgresql_where="done_at is null"),
        # The dead letters.
        Index("ix_notifications_dead", "done_at", postgresql_where="outcome = 'dead'"),
        # Its lease moves no index: there is room for it beside the row.
        {"postgresql_with": {"fillfactor": 85}},
    )

    # Of its cause, its kind and its person (`desk.row_ids`).
    id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    kind: Mapped[NotificationKind] = mapped_column(one_of(NotificationKind, "kind"))
    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("tickets.id", ondelete="CASCADE"))
    # The cause, in the numbering of the staff: not shown to anybody.
    event_seq: Mapped[int]
    actor_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    data: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    created_at: Mapped[datetime]
    read_at: Mapped[datetime | None]

    # Written by processes of the version before alone, while this one is rolled out.
    dedupe_key: Mapped[str | None] = mapped_column(String(200))
    # The first of those that are told in one mail. Set when the mail is first tried, so that a
    # repeat is the same mail.
    mail_id: Mapped[UUID | None]
    # The same for whether the mail tells nothing but that there is news.
    is_neutral: Mapped[bool | None]
    last_error: Mapped[str | None] = mapped_column(String(64))
    outcome: Mapped[Outcome | None] = mapped_column(one_of(Outcome, "outcome"))
