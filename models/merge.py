"""Merges of tickets: which became a part of which, and what undoes that."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, ForeignKey, Index, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, one_of
from models.ticket import Status


class Merge(Base):
    """One step of a chain. Where the chain ends stands in `Ticket.merged_into_id`."""

    __tablename__ = "merges"
    # What was merged into a ticket that is unmerged itself.
    __table_args__ = (Index("ix_merges_into", "into_id"),)

    source_id: Mapped[UUID] = mapped_column(
        ForeignKey("tickets.id", ondelete="CASCADE"), primary_key=True
    )
    into_id: Mapped[UUID] = mapped_column(ForeignKey("tickets.id", ondelete="CASCADE"))
    at: Mapped[datetime]
    # The number of its event in the target's timeline.
    into_seq: Mapped[int]
    # What the source had before.
    source_status: Mapped[Status] = mapped_column(one_of(Status, "source_status"))
    # Of the source's people, who is on copy of the target, or follows it, by the merge alone.
    participants_added: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid))
    followers_added: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid))
