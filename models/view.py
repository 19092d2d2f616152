"""Views: lists of tickets that somebody of the staff keeps by a name."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Key


class View(Base):
    __tablename__ = "views"
    __table_args__ = (
        # A person's own ones, and the shared ones.
        Index("ix_views_owner", "owner_id", "id"),
    )

    id: Mapped[Key]
    # Null: it is everybody's.
    owner_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(64))
    # What a list of tickets takes, without what is the same as if it were not said.
    query: Mapped[dict[str, Any]] = mapped_column(JSONB)
    created_at: Mapped[datetime]
