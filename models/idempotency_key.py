"""Answers that are given again when a request is repeated with the same key."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, SmallInteger, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base


class IdempotencyKey(Base):
    __tablename__ = "idempotency_keys"
    __table_args__ = (
        # Pruning.
        Index("ix_idempotency_keys_created_at", "created_at"),
    )

    # One row per key: whoever inserts it first makes what was asked for.
    actor_id: Mapped[UUID] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    route: Mapped[str]
    # Of the body; keyed, as a body may hold a password.
    body_hash: Mapped[bytes]
    status: Mapped[int] = mapped_column(SmallInteger)
    headers: Mapped[dict[str, Any]] = mapped_column(JSONB)
    answer: Mapped[bytes]
    created_at: Mapped[datetime]
