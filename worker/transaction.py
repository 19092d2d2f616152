"""One task's step, one transaction, then what it recorded goes out to the sockets."""

import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection, Engine, create_engine, func, select, text
from sqlalchemy.orm import Session

from config import settings
from desk.database import leave_outdated, short_name
from desk.jobs import Job
from desk.outbox import outbox
from worker import delivery

P = ParamSpec("P")
T = TypeVar("T")

# A worker that is frozen, or cut off, in its transaction keeps its locks no longer than this.
# No statement of a batch takes so long, unless it waits for a lock that somebody forgot.
OPTIONS = "-c timezone=UTC -c idle_in_transaction_session_timeout=10s -c statement_timeout=30s"


@cache
def _engine() -> Engine:
    engine = create_engine(
        settings().database_url,
        # One to work with; one that holds an `advisory_lock`.
        pool_size=2,
        max_overflow=0,
        pool_pre_ping=True,
        # What a statement was run with are people's words and addresses: not for an error's text.
        hide_parameters=True,
        connect_args={"connect_timeout": 3, "options": OPTIONS},
    )
    leave_outdated(engine)
    return engine


@cache
def _prefix() -> str:
    """What stands before the names of this desk in Redis."""
    if chosen := settings().redis_prefix:
        return chosen
    with Session(_engine()) as session:
        return short_name(session)


def forget_connections() -> None:
    """A forked child must not share its parent's sockets; closing them would end the parent's."""
    _engine().dispose(close=False)


def run(rule: Callable[Concatenate[Session, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    with Session(_engine(), expire_on_commit=False) as session:
        with session.begin():
            result = rule(session, *args, **kwargs)
        recorded = outbox(session)
    delivery.deliver(recorded, _prefix)
    return result


def try_lock(connection: Connection | Session, name: str) -> bool:
    """Whether nobody else has the advisory lock of this name; ours until the transaction ends."""
    # The transaction's lock, not the session's: a pooler may stand between.
    key = zlib.crc32(name.encode())
    return bool(connection.scalar(select(func.pg_try_advisory_xact_lock(key))))


@contextmanager
def advisory_lock(job: Job) -> Iterator[bool]:
    """Whether nobody else is at this job, in any process; whoever dies makes way at once."""
    with _engine().begin() as connection:
        # It is idle as long as the job takes, which others may not be.
        connection.execute(text("set local idle_in_transaction_session_timeout = 0"))
        yield try_lock(connection, job)
