"""What customers think of how their tickets were resolved, and when they were asked last."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, SmallInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base


class Rating(Base):
    """A ticket that somebody of the staff has resolved, and how its customer rated that."""

    __tablename__ = "ratings"
    __table_args__ = (
        CheckConstraint("score between 1 and 5", name="score"),
        CheckConstraint("(score is null) = (rated_at is null)", name="rated"),
    )

    ticket_id: Mapped[UUID] = mapped_column(
        ForeignKey("tickets.id", ondelete="CASCADE"), primary_key=True
    )
    # Whose work it was, when it was resolved last.
    agent_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    team_id: Mapped[UUID | None] = mapped_column(ForeignKey("teams.id", ondelete="SET NULL"))
    # Until when it may be rated, and the rating be changed.
    expires_at: Mapped[datetime]
    # The event by which it was resolved when its customer was asked; null: they were not.
    asked_seq: Mapped[int | None]
    score: Mapped[int | None] = mapped_column(SmallInteger)
    comment: Mapped[str | None] = mapped_column(String(2000))
    rated_at: Mapped[datetime | None]


class RatingRequest(Base):
    """When a customer was asked last, of whichever ticket."""

    __tablename__ = "rating_requests"

    user_id: Mapped[UUID] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    asked_at: Mapped[datetime]
