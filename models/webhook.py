"""Webhooks: who is told of events by HTTP, what is still to be told, and each attempt."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    SmallInteger,
    String,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Key, Leased, one_of


class Disabled(StrEnum):
    """Why the desk itself stopped a webhook."""

    FAILING = "failing"
    GONE = "gone"


class Webhook(Base):
    __tablename__ = "webhooks"

    id: Mapped[Key]
    url: Mapped[str] = mapped_column(String(2000))
    # Kinds of the timeline.
    events: Mapped[list[str]] = mapped_column(ARRAY(String(32)))
    # It signs, so it is kept as it is.
    secret: Mapped[str] = mapped_column(String(100))
    is_active: Mapped[bool] = mapped_column(default=True)
    disabled_because: Mapped[Disabled | None] = mapped_column(one_of(Disabled, "disabled_because"))
    created_by: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime]
    # Since when no delivery succeeded.
    failing_since: Mapped[datetime | None]
    # Who does not answer at all is left alone until then.
    resting_until: Mapped[datetime | None]


class WebhookDelivery(Leased, Base):
    """One event for one webhook: a row of the queue, in the event's own transaction."""

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        ForeignKeyConstraint(
            ["ticket_id", "seq"],
            ["events.ticket_id", "events.seq"],
            ondelete="CASCADE",
        ),
        # What is still to be delivered, and whether something before it is.
        Index("ix_webhook_deliveries_due", "due_at", postgresql_where="done_at is null"),
        Index(
            "ix_webhook_deliveries_order",
            "webhook_id",
            "ticket_id",
            "seq",
            postgresql_where="done_at is null",
        ),
        # Pruning.
        Index("ix_webhook_deliveries_done", "done_at", postgresql_where="done_at is not null"),
        # Its lease moves no index: there is room for it beside the row.
        {"postgresql_with": {"fillfactor": 85}},
    )

    # Of its event and webhook (`desk.row_ids`). Travels as webhook-id: the same at every attempt.
    id: Mapped[UUID] = mapped_column(primary_key=True)
    webhook_id: Mapped[UUID] = mapped_column(ForeignKey("webhooks.id", ondelete="CASCADE"))
    ticket_id: Mapped[UUID]
    seq: Mapped[int]
    # The ticket as the event left it.
    ticket: Mapped[dict[str, Any]] = mapped_column(JSONB)
    # An attempt that fails after this is the last.
    expires_at: Mapped[datetime]


class WebhookAttempt(Base):
    __tablename__ = "webhook_attempts"
    __table_args__ = (
        # A webhook's attempts, newest first.
        Index("ix_webhook_attempts_webhook", "webhook_id", "id"),
        Index("ix_webhook_attempts_delivery", "delivery_id"),
    )

    id: Mapped[Key]
    webhook_id: Mapped[UUID] = mapped_column(ForeignKey("webhooks.id", ondelete="CASCADE"))
    delivery_id: Mapped[UUID] = mapped_column(
        ForeignKey("webhook_deliveries.id", ondelete="CASCADE")
    )
    kind: Mapped[str] = mapped_column(String(32))
    ticket_id: Mapped[UUID]
    seq: Mapped[int]
    at: Mapped[datetime]
    # Null where no answer came.
    status: Mapped[int | None] = mapped_column(SmallInteger)
    ms: Mapped[int]
    error: Mapped[str | None] = mapped_column(String(100))
