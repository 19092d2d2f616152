"""Erasures: whose name and words go, and how far that is."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base


class Erasure(Base):
    """One a person. It stays, as a proof, and so that a second one changes nothing."""

    __tablename__ = "erasures"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), primary_key=True)
    asked_by_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    asked_at: Mapped[datetime]
    # Whether what they wrote on tickets stays, without their name and files.
    keep_tickets: Mapped[bool]
    # Whether they were of the staff: what they wrote on others' tickets is the desk's.
    was_staff: Mapped[bool]
    # The desk's tickets when it was asked for, and how many of them were looked at.
    total: Mapped[int]
    done: Mapped[int] = mapped_column(default=0)
    # The last of these: they are looked at in the order of their ids.
    last_id: Mapped[UUID | None]
    done_at: Mapped[datetime | None]
