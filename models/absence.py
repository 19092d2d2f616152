"""When somebody of the staff is away, by the clock, and since when they take tickets."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Key


class Absence(Base):
    """One a person."""

    __tablename__ = "absences"

    user_id: Mapped[UUID] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    reason: Mapped[str | None] = mapped_column(String(200))
    # Whether what waits for an answer of theirs goes back into the queue when it starts.
    reassign: Mapped[bool]


class AvailableSpell(Base):
    """From when until when somebody took tickets; null: they do."""

    __tablename__ = "available_spells"
    __table_args__ = (
        Index("ix_available_spells_user", "user_id", "started_at"),
        Index(
            "uq_available_spells_open", "user_id", unique=True, postgresql_where="ended_at is null"
        ),
    )

    id: Mapped[Key]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
