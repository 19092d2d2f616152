"""Which stored files belong to no attachment, so that whoever can reach the store deletes them.

A file's id is noted here before its first byte is stored, and taken off in the transaction that
inserts its attachment. So whenever a process dies, what it has stored is known.
"""

from collections.abc import Collection, Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from desk.jobs import Job
from desk.outbox import outbox
from models import LooseFile

# An upload that takes longer is refused: its file may have been deleted meanwhile.
LONGEST_UPLOAD = timedelta(minutes=30)
BATCH = 100


def begin(session: Session) -> UUID:
    """The id of a file that is about to be stored."""
    file_id = uuid7()
    due_at = func.clock_timestamp() + LONGEST_UPLOAD
    session.execute(insert(LooseFile).values(id=file_id, due_at=due_at))
    return file_id


def keep(session: Session, file_id: UUID) -> bool:
    """Whether the file is still there; it is nobody's no more."""
    kept = delete(LooseFile).where(LooseFile.id == file_id).returning(LooseFile.id)
    return session.scalar(kept) is not None


def drop(session: Session, file_id: UUID) -> None:
    """No attachment has it any more, once this is committed."""
    due = {"due_at": func.clock_timestamp()}
    dropped = insert(LooseFile).values(id=file_id, **due)
    session.execute(dropped.on_conflict_do_update(index_elements=["id"], set_=due))
    outbox(session).wakes.add(Job.DELETE_FILES)


def due(session: Session) -> Sequence[UUID]:
    """Some of those that are to be deleted, the longest due first."""
    query = select(LooseFile.id).where(LooseFile.due_at <= func.clock_timestamp())
    return session.scalars(query.order_by(LooseFile.due_at).limit(BATCH)).all()


def forget(session: Session, file_ids: Collection[UUID]) -> None:
    """They are deleted."""
    session.execute(delete(LooseFile).where(LooseFile.id.in_(file_ids)))
