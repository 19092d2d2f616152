"""What a ticket's search finds it by: beside the ticket, so that its row stays small."""

from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, SmallInteger, text
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base


class TicketSearch(Base):
    """Two documents: a customer's search knows nothing of the notes in the other one."""

    __tablename__ = "ticket_search"
    __table_args__ = (
        Index("ix_ticket_search_public", "public", postgresql_using="gin"),
        Index("ix_ticket_search_staff", "staff", postgresql_using="gin"),
        Index("ix_ticket_search_old", "ticket_id", postgresql_where=text("edition < 2")),
    )

    ticket_id: Mapped[UUID] = mapped_column(
        ForeignKey("tickets.id", ondelete="CASCADE"), primary_key=True
    )
    public: Mapped[Any] = mapped_column(TSVECTOR)
    staff: Mapped[Any] = mapped_column(TSVECTOR)
    # By which rules the words were cut. Those of an older one are made anew by the workers.
    edition: Mapped[int] = mapped_column(SmallInteger, server_default=text("1"))


class UnindexedEvent(Base):
    """An event whose words are not in the documents yet: a few seconds long.

    Few at any time, so without an index or a key in the database, which would be written to with
    each message. A row refers to its ticket and not to its event, whose row would be locked for it.
    """

    __tablename__ = "unindexed_events"

    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("tickets.id", ondelete="CASCADE"))
    seq: Mapped[int] = mapped_column()
    # Null where a process of the release before this one wrote it.
    words: Mapped[Any | None] = mapped_column(TSVECTOR)

    __mapper_args__ = {"primary_key": (ticket_id, seq)}  # noqa: RUF012
