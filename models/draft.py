"""Drafts: what a person has written on a ticket and not sent."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, one_of


class DraftKind(StrEnum):
    REPLY = "reply"
    NOTE = "note"


class Draft(Base):
    """A reply and a note are two drafts, so that the one never becomes the other."""

    __tablename__ = "drafts"

    user_id: Mapped[UUID] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    ticket_id: Mapped[UUID] = mapped_column(
        ForeignKey("tickets.id", ondelete="CASCADE"), primary_key=True
    )
    kind: Mapped[DraftKind] = mapped_column(one_of(DraftKind, "kind"), primary_key=True)
    content: Mapped[str]
    # What its writer had seen of the timeline, in the numbering of their audience.
    base_seq: Mapped[int]
    # Milliseconds of a clock that never stands: what was deleted and begun anew is another version.
    version: Mapped[int]
    updated_at: Mapped[datetime]
