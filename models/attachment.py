"""Files with messages, and the stored bytes that no row speaks of any more."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    String,
)
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Key, one_of


class Scan(StrEnum):
    PENDING = "pending"
    CLEAN = "clean"
    INFECTED = "infected"


class Attachment(Base):
    """Its bytes were stored before it is inserted, and are deleted after it is."""

    __tablename__ = "attachments"
    __table_args__ = (
        # Null until a message or note has taken it.
        ForeignKeyConstraint(
            ["ticket_id", "event_seq"], ["events.ticket_id", "events.seq"], ondelete="CASCADE"
        ),
        Index("ix_attachments_same", "ticket_id", "sha256"),
        # Who else has its bytes.
        Index("ix_attachments_file", "file_id"),
        Index("ix_attachments_pending", "file_id", postgresql_where="scan = 'pending'"),
        CheckConstraint("size >= 0", name="size_positive"),
        CheckConstraint("octet_length(sha256) = 32", name="sha256_whole"),
    )

    id: Mapped[Key]
    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("tickets.id", ondelete="CASCADE"))
    uploader_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    event_seq: Mapped[int | None]
    # Where its bytes are. Equal ones of one ticket are kept once; a ticket that is split from
    # another has that one's.
    file_id: Mapped[UUID]
    sha256: Mapped[bytes] = mapped_column(LargeBinary)
    size: Mapped[int]
    name: Mapped[str] = mapped_column(String(200))
    # By the content, whatever the name says.
    type: Mapped[str] = mapped_column(String(100))
    # Of a picture, in pixels.
    width: Mapped[int | None]
    height: Mapped[int | None]
    scan: Mapped[Scan] = mapped_column(one_of(Scan, "scan"))
    created_at: Mapped[datetime]


class LooseFile(Base):
    """Bytes that are, or may be, stored for no attachment: those of an upload that is not over yet,
    and those whose attachments were deleted.
    """

    __tablename__ = "loose_files"
    __table_args__ = (Index("ix_loose_files_due", "due_at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    # From then on they are deleted.
    due_at: Mapped[datetime]
