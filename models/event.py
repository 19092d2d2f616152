"""The timeline: everything that happened to a ticket, in commit order, never changed."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column
from uuid_utils.compat import uuid7

from models.base import Base, one_of


class Kind(StrEnum):
    TICKET_CREATED = "ticket_created"
    MESSAGE_POSTED = "message_posted"
    NOTE_POSTED = "note_posted"
    STATUS_CHANGED = "status_changed"
    ASSIGNED = "assigned"
    PRIORITY_CHANGED = "priority_changed"
    TAGS_CHANGED = "tags_changed"
    CATEGORY_CHANGED = "category_changed"


MESSAGES = (Kind.MESSAGE_POSTED, Kind.NOTE_POSTED)
STAFF_ONLY = (Kind.NOTE_POSTED, Kind.TAGS_CHANGED)


class Event(Base):
    __tablename__ = "events"
    __table_args__ = (
        # Dense for customers too; staff-only events have no number there.
        UniqueConstraint("ticket_id", "public_seq"),
        # A retried message is stored once.
        UniqueConstraint("ticket_id", "actor_id", "client_id"),
        # What is internal can have no public number, and all else must have one.
        CheckConstraint(
            "(public_seq is null) = (kind in ('note_posted', 'tags_changed'))",
            name="staff_only_has_no_public_seq",
        ),
        CheckConstraint("seq > 0 and public_seq > 0", name="seq_positive"),
    )

    ticket_id: Mapped[UUID] = mapped_column(
        ForeignKey("tickets.id", ondelete="CASCADE"), primary_key=True
    )
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    public_seq: Mapped[int | None]
    id: Mapped[UUID] = mapped_column(default=uuid7)
    kind: Mapped[Kind] = mapped_column(one_of(Kind, "kind"))
    # Null where the desk itself acted.
    actor_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    at: Mapped[datetime]
    client_id: Mapped[str | None] = mapped_column(String(64))
    content: Mapped[str | None]
    data: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
