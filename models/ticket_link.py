"""Links between tickets: what one has to do with another."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, one_of

PAIR = ("least(ticket_id, other_id)", "greatest(ticket_id, other_id)")


class LinkKind(StrEnum):
    """What a ticket is to the other: of `related` both are the same."""

    RELATED = "related"
    DUPLICATE = "duplicate"
    BLOCKS = "blocks"


class TicketLink(Base):
    """``ticket_id`` is a duplicate of ``other_id``, or blocks it. Written under both's locks."""

    __tablename__ = "ticket_links"
    __table_args__ = (
        CheckConstraint("ticket_id <> other_id", name="of_two"),
        # One of a kind between two tickets, whichever way.
        Index("uq_ticket_links_pair", *map(text, PAIR), "kind", unique=True),
        # The links that lead to a ticket.
        Index("ix_ticket_links_other", "other_id"),
        Index(
            "ix_ticket_links_merged",
            "merged_from_id",
            postgresql_where="merged_from_id is not null",
        ),
    )

    ticket_id: Mapped[UUID] = mapped_column(
        ForeignKey("tickets.id", ondelete="CASCADE"), primary_key=True
    )
    other_id: Mapped[UUID] = mapped_column(
        ForeignKey("tickets.id", ondelete="CASCADE"), primary_key=True
    )
    kind: Mapped[LinkKind] = mapped_column(one_of(LinkKind, "kind"), primary_key=True)
    by_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    # The ticket whose link it is, where it is this one's by a merge alone.
    merged_from_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("tickets.id", ondelete="CASCADE")
    )
