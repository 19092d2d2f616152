"""Tokens by which sites named their visitors: each was good once."""

from datetime import datetime

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base


class SpentIdentityToken(Base):
    __tablename__ = "spent_identity_tokens"
    __table_args__ = (
        # Pruning.
        Index("ix_spent_identity_tokens_expires_at", "expires_at"),
    )

    # Of the token's ``jti``.
    hash: Mapped[bytes] = mapped_column(primary_key=True)
    expires_at: Mapped[datetime]
