"""Assignment: the row that makes it take turns, and why each ticket went where it did."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, SmallInteger, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base
from models.event import Event


class AssignmentCursor(Base):
    """Whoever holds the lock of the one row assigns what has no team. Teams: `models.team`."""

    __tablename__ = "assignment_cursor"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False, default=1)
    turn: Mapped[int] = mapped_column(default=0)
    # The customer whom the last look over those who wait ended with, see `desk.assignment.queue`.
    looked_at: Mapped[UUID | None]


class AssignmentDecision(Base):
    """The reasons of an ``assigned`` event; who, whom and when are in the event itself."""

    __tablename__ = "assignment_decisions"
    __table_args__ = (
        ForeignKeyConstraint(
            ["ticket_id", "seq"], ["events.ticket_id", "events.seq"], ondelete="CASCADE"
        ),
        # What was decided in a team lately.
        Index(
            "ix_assignment_decisions_team",
            "team_id",
            "at",
            postgresql_where="team_id is not null",
        ),
    )

    ticket_id: Mapped[UUID] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    # The team that the ticket was in, and when; null before there were teams.
    team_id: Mapped[UUID | None]
    at: Mapped[datetime | None]
    # A strategy, "manual", "claim", or why it went back by the clock.
    strategy: Mapped[str] = mapped_column(String(32))
    # As they stood before it, each as [user_id, available, open_tickets, capacity, turn] and what
    # bars them, if anything does: with the names repeated 200 would take two and a half times the
    # room.
    candidates: Mapped[list[list[Any]]] = mapped_column(JSONB)

    event: Mapped[Event] = relationship(lazy="raise")
