"""Tokens that are mailed, or shown once, and are good once."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base


class OneTimeToken(Base):
    __tablename__ = "one_time_tokens"
    __table_args__ = (
        # A newer one takes the older one's place.
        UniqueConstraint("purpose", "key"),
        # Dropping all of an account.
        Index("ix_one_time_tokens_user", "user_id"),
        # Pruning.
        Index("ix_one_time_tokens_expires_at", "expires_at"),
    )

    hash: Mapped[bytes] = mapped_column(primary_key=True)
    purpose: Mapped[str] = mapped_column(String(32))
    # What there is one token of a purpose for: mostly an account.
    key: Mapped[str] = mapped_column(String(300))
    # Null: of nobody yet, or of nobody at all.
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    data: Mapped[dict[str, Any]] = mapped_column(JSONB)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
