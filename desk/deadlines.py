"""What is due by the clock inside the desk: arming and disarming it, and the drain that does it.

A deadline's effect and the end of its row are one transaction, so that each is done exactly once,
whatever is killed. What talks to the outside cannot be that, and keeps a lease: `desk.leases`.
Locks are taken in the order ticket, deadline: who arms a ticket's deadline has locked the ticket.
"""

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import structlog
from sqlalchemy import ColumnElement, Select, and_, delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from desk.leases import MOST_ATTEMPTS, RETRY_FACTOR, wait_after
from desk.outbox import Outbox, outbox
from models import Deadline, Ticket

log = structlog.get_logger("desk.deadlines")

# The subject of what concerns the whole desk.
DESK = UUID(int=0)
# Others wait for the tickets of all of them.
BATCH = 25
# A ticket that others lock whenever it is looked at is waited for after this, for so long.
PATIENCE = timedelta(seconds=3)
LOCK_TIMEOUT = "1s"


class Due(NamedTuple):
    """A deadline that is due, as its rule is given it."""

    id: UUID
    kind: str
    ticket_id: UUID | None
    subject_id: UUID
    due_at: datetime
    data: dict[str, Any]
    attempts: int


# Given the time that the database had when the locks were held. The row is gone by then: a rule
# that is to run again arms it anew.
Rule = Callable[[Session, Due, datetime], None]
Kinds = Mapping[str, Rule]


class Drained(NamedTuple):
    """How many deadlines were tried; a ticket that was locked and has waited for too long."""

    tried: int
    late: UUID | None


def arm(
    session: Session,
    kind: str,
    subject_id: UUID,
    due_at: datetime,
    *,
    ticket_id: UUID | None = None,
    data: Mapping[str, Any] | None = None,
) -> None:
    """Has a kind's rule run for a subject at a time, in the place of any earlier one."""
    armed = {
        "ticket_id": ticket_id,
        "due_at": due_at,
        "data": dict(data or {}),
        "attempts": 0,
        "last_error": None,
        "dead_at": None,
    }
    row = insert(Deadline).values(id=uuid7(), kind=kind, subject_id=subject_id, **armed)
    session.execute(row.on_conflict_do_update(index_elements=["kind", "subject_id"], set_=armed))


def disarm(session: Session, kind: str, subject_id: UUID) -> None:
    session.execute(
        delete(Deadline).where(Deadline.kind == kind, Deadline.subject_id == subject_id)
    )


def drain(session: Session, kinds: Kinds, now: datetime | None = None) -> Drained:
    """Does what is due of the tickets that nobody holds, `BATCH` at most.

    ``now`` is for tests: the time is otherwise the database's.
    """
    due = _due(kinds, now).where(Deadline.ticket_id.is_not(None))
    free = due.join(Ticket).limit(BATCH)
    locked = session.execute(free.with_for_update(of=Ticket, key_share=True, skip_locked=True))
    held = {row.ticket_id for row in locked}
    # Looked at anew, under the locks: who held them before may have moved what was due.
    tried = _do(session, kinds, due.where(Deadline.ticket_id.in_(held)).limit(BATCH))
    left = session.execute(due.limit(1)).first()
    is_late = left and left.ticket_id not in held and left.due_at < left.now - PATIENCE
    return Drained(tried, left.ticket_id if left and is_late else None)


def drain_ticket(
    session: Session, kinds: Kinds, ticket_id: UUID, now: datetime | None = None
) -> int:
    """Waits for a ticket, and does what is due of it; the database's error if that takes long."""
    session.execute(text(f"set local lock_timeout = '{LOCK_TIMEOUT}'"))
    session.execute(select(Ticket.id).where(Ticket.id == ticket_id).with_for_update(key_share=True))
    return _do(session, kinds, _due(kinds, now).where(Deadline.ticket_id == ticket_id))


def drain_other(session: Session, kinds: Kinds, now: datetime | None = None) -> int:
    """Does the one that is due first of those without a ticket, so that it holds up no other."""
    others = _due(kinds, now).where(Deadline.ticket_id.is_(None))
    return _do(session, kinds, others.limit(1).with_for_update(skip_locked=True))


def seconds_left(session: Session, kinds: Kinds) -> float | None:
    """Until the next is due, by the database's clock; None if nothing is armed."""
    left = func.extract("epoch", func.min(Deadline.due_at) - func.clock_timestamp())
    seconds = session.scalar(select(left).where(_is_asked(kinds)))
    return None if seconds is None else float(seconds)


def dead(session: Session, limit: int) -> Sequence[Deadline]:
    """Those that were given up, the newest first."""
    query = select(Deadline).where(Deadline.dead_at.is_not(None))
    order = (Deadline.dead_at.desc(), Deadline.id.desc())
    return session.scalars(query.order_by(*order).limit(limit)).all()


def retry(session: Session, ids: Sequence[UUID] | None, now: datetime) -> int:
    """Makes dead ones due again, with all their attempts; None: all of them."""
    alive = {"due_at": now, "attempts": 0, "last_error": None, "dead_at": None}
    revived = update(Deadline).where(Deadline.dead_at.is_not(None)).values(**alive)
    if ids is not None:
        revived = revived.where(Deadline.id.in_(ids))
    return len(session.scalars(revived.returning(Deadline.id)).all())


def _is_asked(kinds: Kinds) -> ColumnElement[bool]:
    """Kinds that are not known are left to a process that knows them."""
    return and_(Deadline.dead_at.is_(None), Deadline.kind.in_(tuple(kinds)))


def _due(kinds: Kinds, now: datetime | None) -> Select[*tuple[Any, ...]]:
    """What is due, with the time as it is by then."""
    # In a select of its own the clock is read once, and the index is used.
    clock = select(func.coalesce(now, func.clock_timestamp())).scalar_subquery()
    columns = [getattr(Deadline, name) for name in Due._fields]
    due = select(*columns, clock.label("now")).where(_is_asked(kinds), Deadline.due_at <= clock)
    return due.order_by(Deadline.due_at, Deadline.id)


def _do(session: Session, kinds: Kinds, query: Select[*tuple[Any, ...]]) -> int:
    """Runs the rules of what a query finds; the number of those."""
    found = session.execute(query).all()
    for *columns, now in found:
        due = Due(*columns)
        _try(session, kinds[due.kind], due, now)
    return len(found)


def _try(session: Session, rule: Rule, due: Due, now: datetime) -> None:
    """The effect and the end of the row, or neither of them and a later try."""
    recorded = outbox(session)
    before = Outbox(**{each.name: copy(getattr(recorded, each.name)) for each in fields(recorded)})
    mine = and_(Deadline.id == due.id, Deadline.due_at == due.due_at)
    try:
        with session.begin_nested():
            # A rule before it may have disarmed or moved it.
            if session.scalar(delete(Deadline).where(mine).returning(Deadline.id)) is None:
                return
            rule(session, due, now)
    except Exception as error:
        if isinstance(error, DBAPIError) and error.connection_invalidated:
            raise  # The database, and no rule, is to blame.
        name = type(error).__name__  # Without its text, which may be people's words.
        log.error("deadline failed", kind=due.kind, deadline_id=str(due.id), error=name)
        session.info["outbox"] = before
        session.execute(update(Deadline).where(mine).values(**_failed(due, name, now)))


def _failed(due: Due, error: str, now: datetime) -> dict[str, Any]:
    attempts = due.attempts + 1
    if due.subject_id == DESK:  # It recurs, and once dead nothing would arm it again.
        attempts = min(attempts, MOST_ATTEMPTS - 1)
    return {
        "attempts": attempts,
        "due_at": now + wait_after(attempts, RETRY_FACTOR),
        "last_error": error,
        "dead_at": now if attempts >= MOST_ATTEMPTS else None,
    }
