"""Work that is done outside of the database: who takes it, and when it is tried again.

It is leased for a while. Whoever dies with it is given up when that is over, and another does it:
twice perhaps, but never not at all.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, and_, inspect, or_, select, update
from sqlalchemy.orm import Session

from models import Leased

# Longer than a task may last.
LEASE = timedelta(seconds=75)
# 5 s, 15 s, 45 s …
FIRST_RETRY = timedelta(seconds=5)
RETRY_FACTOR = 3
# The last wait is nine hours.
MOST_ATTEMPTS = 10

Q = TypeVar("Q", bound=Select[*tuple[Any, ...]])
Row = TypeVar("Row", bound=Leased)


def is_due(table: type[Leased], now: datetime) -> ColumnElement[bool]:
    return and_(table.done_at.is_(None), table.due_at <= now, is_free(table, now))


def is_free(table: type[Leased], now: datetime) -> ColumnElement[bool]:
    return or_(table.leased_until.is_(None), table.leased_until < now)


def first(table: type[Leased], query: Q) -> Q:
    """Of what a query finds that which is due first and held by nobody, locked."""
    order = (table.due_at, *inspect(table).primary_key)
    found: Q = query.order_by(*order).limit(1)
    return found.with_for_update(of=table, skip_locked=True, key_share=True)


def take(row: Leased, now: datetime) -> None:
    row.leased_until, row.attempts = now + LEASE, row.attempts + 1


def finish(
    session: Session, table: type[Leased], mine: ColumnElement[bool], now: datetime, **more: object
) -> None:
    """Ends what is mine, unless it is over already."""
    pending = update(table).where(mine, table.done_at.is_(None))
    session.execute(pending.values(done_at=now, leased_until=None, **more))


def fail(
    session: Session, table: type[Row], mine: ColumnElement[bool], now: datetime
) -> Sequence[Row]:
    """Puts back what is mine, with a longer wait each time; after `MOST_ATTEMPTS` it is over."""
    pending = select(table).where(mine, table.done_at.is_(None))
    rows = session.scalars(pending.with_for_update(key_share=True)).all()
    for row in rows:
        put_back(row, now + wait_after(row.attempts, RETRY_FACTOR))
        if row.attempts >= MOST_ATTEMPTS:
            row.done_at = now
    return rows


def put_back(row: Leased, due_at: datetime) -> None:
    row.leased_until, row.due_at = None, due_at


def wait_after(attempts: int, factor: int, longest: timedelta = timedelta.max) -> timedelta:
    """How long work waits after so many attempts that failed."""
    waits: int = factor ** min(max(attempts - 1, 0), 20)
    return min(FIRST_RETRY * waits, longest)
