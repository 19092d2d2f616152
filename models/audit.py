"""The audit log: who did what to whom, sealed row by row into one chain."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, LargeBinary, SmallInteger, String, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column
from uuid_utils.compat import uuid7

from models.base import Base


class AuditEntry(Base):
    """A trigger refuses every change but two: to seal it, and to forget where it came from.

    No foreign keys: an entry outlives what it speaks of, and locks nothing.
    """

    __tablename__ = "audit"
    __table_args__ = (
        Index("ix_audit_actor", "actor_id", "at", "id"),
        Index("ix_audit_action", "action", "at", "id"),
        Index("ix_audit_subject", "subject_id", "at", "id"),
        Index("ix_audit_chain", "chain"),
        Index("ix_audit_unsealed", "at", "id", postgresql_where="chain is null"),
        CheckConstraint("(chain is null) = (hash is null)", name="sealed_whole"),
        CheckConstraint("(address is null) = (address_salt is null)", name="address_salted"),
        # A partition a month, made ahead by `add_audit_partitions()`.
        {"postgresql_partition_by": "range (at)"},
    )

    at: Mapped[datetime] = mapped_column(primary_key=True, server_default=func.clock_timestamp())
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    # Nobody: who is not signed in, or the desk itself.
    actor_id: Mapped[UUID | None]
    action: Mapped[str] = mapped_column(String(64))
    subject_type: Mapped[str] = mapped_column(String(32))
    # An id mostly; the name of what has none.
    subject_id: Mapped[str | None] = mapped_column(String(100))
    # Ids and plain words: no address, no name, no token, nothing that people wrote.
    data: Mapped[dict[str, Any]] = mapped_column(JSONB)
    # The network that it came from. An erasure takes it away with its salt, and leaves the hash,
    # which then says nothing: so that the seal, which is over the hash, stays good.
    address: Mapped[str | None] = mapped_column(String(64))
    address_salt: Mapped[bytes | None] = mapped_column(LargeBinary)
    address_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    # Its place in the chain, and its seal: `desk.audit_chain`.
    chain: Mapped[int | None]
    hash: Mapped[bytes | None] = mapped_column(LargeBinary)


class AuditHead(Base):
    """The end of the chain: one row, whose lock is the sealer's."""

    __tablename__ = "audit_head"
    __table_args__ = (CheckConstraint("id = 1", name="one"),)

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    chain: Mapped[int]
    hash: Mapped[bytes] = mapped_column(LargeBinary)
    # When it last went to the log.
    logged_at: Mapped[datetime | None]
