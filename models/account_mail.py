"""Mails about somebody's account rather than a ticket: the queue of them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Key, Leased


class AccountMail(Leased, Base):
    __tablename__ = "account_mails"
    __table_args__ = (
        # What is still to be mailed.
        Index("ix_account_mails_due", "due_at", postgresql_where="done_at is null"),
        Index("ix_account_mails_user", "user_id"),
        # Pruning.
        Index("ix_account_mails_created_at", "created_at"),
    )

    id: Mapped[Key]
    # An open word: which template says it.
    kind: Mapped[str] = mapped_column(String(32))
    # Null: to an address that is no account's.
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    to_email: Mapped[str] = mapped_column(String(254))
    # What the template is told.
    data: Mapped[dict[str, Any]] = mapped_column(JSONB)
    # The token in the mail is made of this with our key, at each attempt; here is only its hash.
    nonce: Mapped[bytes | None]
    hash: Mapped[bytes | None]
    created_at: Mapped[datetime]
