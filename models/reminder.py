"""Reminders: when a person wants to be told of a ticket again."""

from uuid import UUID

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Key


class Reminder(Base):
    __tablename__ = "reminders"
    # Of a ticket a person has one.
    __table_args__ = (UniqueConstraint("ticket_id", "user_id"),)

    # What its deadline is about.
    id: Mapped[Key]
    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("tickets.id", ondelete="CASCADE"))
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    note: Mapped[str | None] = mapped_column(String(200))
