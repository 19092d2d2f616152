"""A signed-in session: one family of refresh tokens, of which only the newest is good."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import TIMESTAMP, ForeignKey, Index, String
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Key


class AuthSession(Base):
    __tablename__ = "auth_sessions"
    __table_args__ = (
        # Ending all sessions of a person.
        Index("ix_auth_sessions_live", "user_id", postgresql_where="ended_at is null"),
        # Pruning.
        Index("ix_auth_sessions_expires_at", "expires_at"),
    )

    id: Mapped[Key]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    generation: Mapped[int] = mapped_column(default=0)
    # When the latest generations were issued, the newest first: a repeated refresh within the
    # grace time gets the very successor that was issued then.
    issued: Mapped[list[datetime]] = mapped_column(ARRAY(TIMESTAMP(timezone=True)))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    ended_because: Mapped[str | None]
    # Where it was opened: "Firefox on Linux", the network (/24, /48), and by what.
    browser: Mapped[str] = mapped_column(String(64), server_default="")
    network: Mapped[str] = mapped_column(String(64), server_default="")
    signed_in_by: Mapped[str] = mapped_column(String(32), server_default="password")

    @property
    def last_used_at(self) -> datetime:
        """When it was opened or refreshed last."""
        return self.issued[0]
