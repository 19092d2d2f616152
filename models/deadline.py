"""Deadlines: what the desk itself has to do by the clock. A row that is done is deleted."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, SmallInteger, String, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Key


class Deadline(Base):
    __tablename__ = "deadlines"
    __table_args__ = (
        # Of one thing there is one deadline of a kind: to arm it again moves it.
        UniqueConstraint("kind", "subject_id"),
        Index("ix_deadlines_due", "due_at", postgresql_where="dead_at is null"),
        Index("ix_deadlines_dead", "dead_at", postgresql_where="dead_at is not null"),
        {"postgresql_with": {"fillfactor": 70, "autovacuum_vacuum_scale_factor": 0.01}},
    )

    id: Mapped[Key]
    # A name in `desk.deadline_kinds.KINDS`, or one that only a newer process knows.
    kind: Mapped[str] = mapped_column(String(32))
    # Whose lock the rule needs.
    ticket_id: Mapped[UUID | None] = mapped_column(ForeignKey("tickets.id", ondelete="CASCADE"))
    # What it is about; `desk.deadlines.DESK` where it is the whole desk.
    subject_id: Mapped[UUID]
    due_at: Mapped[datetime]
    data: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    attempts: Mapped[int] = mapped_column(SmallInteger, default=0)
    last_error: Mapped[str | None] = mapped_column(String(200))
    # Tried too often; an operator may have it tried again.
    dead_at: Mapped[datetime | None]
