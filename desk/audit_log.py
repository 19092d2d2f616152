"""What admins read of the audit log."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from pydantic import with_config
from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from models import AuditEntry


@dataclass(frozen=True, slots=True)
class Wanted:
    """Each filter narrows the list; None: whatever."""

    actor_id: UUID | None = None
    action: str | None = None
    subject_id: str | None = None
    since: datetime | None = None


@with_config(title="AuditEntry")
@dataclass(frozen=True, slots=True)
class EntryShown:
    """Who did what to whom. ``actor_id``: null for who is not signed in and for the desk itself.
    ``address``: the network (/24 or /48) that it came from, if it is known and not erased.
    """

    id: UUID
    at: datetime
    actor_id: UUID | None
    action: str
    subject_type: str
    subject_id: str | None
    data: dict[str, Any]
    address: str | None

    @classmethod
    def of(cls, entry: AuditEntry) -> Self:
        return cls(
            entry.id,
            entry.at,
            entry.actor_id,
            entry.action,
            entry.subject_type,
            entry.subject_id,
            entry.data,
            entry.address,
        )


def entries(
    session: Session, wanted: Wanted, *, limit: int, before: tuple[datetime, UUID] | None
) -> Sequence[EntryShown]:
    """The newest first."""
    at, entry_id = AuditEntry.at.expression, AuditEntry.id.expression
    query = select(AuditEntry).order_by(at.desc(), entry_id.desc()).limit(limit)
    equal = (
        (AuditEntry.actor_id, wanted.actor_id),
        (AuditEntry.action, wanted.action),
        (AuditEntry.subject_id, wanted.subject_id),
    )
    query = query.where(*(column == value for column, value in equal if value is not None))
    if wanted.since is not None:
        query = query.where(at >= wanted.since)
    if before is not None:
        query = query.where(tuple_(at, entry_id) < tuple_(*before))
    return [EntryShown.of(entry) for entry in session.scalars(query)]
