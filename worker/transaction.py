"""One task's step, one transaction, then what it recorded goes out to the sockets."""

import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy import Engine, create_engine, func, select
from sqlalchemy.orm import Session

from config import settings
from desk.database import short_name
from desk.jobs import Job
from desk.outbox import outbox
from worker import delivery

P = ParamSpec("P")
T = TypeVar("T")

# A worker that is frozen, or cut off, in its transaction keeps its locks no longer than this.
OPTIONS = "-c timezone=UTC -c idle_in_transaction_session_timeout=10s"


@cache
def _engine() -> Engine:
    return create_engine(
        settings().database_url,
        # One to work with; one that says who is `alone`.
        pool_size=2,
        max_overflow=0,
        pool_pre_ping=True,
        # What a statement was run with are people's words and addresses: not for an error's text.
        hide_parameters=True,
        connect_args={"connect_timeout": 3, "options": OPTIONS},
    )


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


@contextmanager
def alone(job: Job) -> Iterator[bool]:
    """Whether nobody else is at this job, in any process; whoever dies makes way at once."""
    key = zlib.crc32(job.encode())
    with _engine().connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        is_mine = bool(connection.scalar(select(func.pg_try_advisory_lock(key))))
        try:
            yield is_mine
        finally:
            if is_mine:
                connection.scalar(select(func.pg_advisory_unlock(key)))
