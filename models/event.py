"""The timeline: everything that happened to a ticket, in commit order, never changed."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column
from uuid_utils.compat import uuid7

from models.base import Base


class Event(Base):
    __tablename__ = "events"
    __table_args__ = (
        # Dense for customers too. An event without a number there is the staff's alone.
        UniqueConstraint("ticket_id", "public_seq"),
        # A retried message is stored once.
        UniqueConstraint("ticket_id", "actor_id", "client_id"),
        CheckConstraint("seq > 0 and public_seq > 0", name="seq_positive"),
    )

    ticket_id: Mapped[UUID] = mapped_column(
        ForeignKey("tickets.id", ondelete="CASCADE"), primary_key=True
    )
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    public_seq: Mapped[int | None]
    id: Mapped[UUID] = mapped_column(default=uuid7)
    # Any name: a newer process may know more of them than `desk.events`.
    kind: Mapped[str] = mapped_column(String(32))
    # Null where the desk itself acted.
    actor_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    at: Mapped[datetime]
    client_id: Mapped[str | None] = mapped_column(String(64))
    content: Mapped[str | None]
    data: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    # What had it written together with others, for the staff; null: it was asked for alone.
    cause: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
