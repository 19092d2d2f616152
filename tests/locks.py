"""Who waits for a lock of PostgreSQL, so that a race is run and not hoped for."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, create_engine, text

PATIENCE = 20.0
WAITERS = "pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"


@contextmanager
def locked(database_url: str, statement: str) -> Iterator[None]:
    """Holds what a statement locks."""
    with _connected(database_url) as connection, connection.begin():
        connection.execute(text(statement))
        yield


def until_one_waits(database_url: str, waiters: int = 1) -> None:
    """Until so many wait, at least. Raises AssertionError if they do not in time."""
    deadline = time.monotonic() + PATIENCE
    with _looking(database_url) as connection:
        while connection.scalar(text(f"select count(*) from {WAITERS}")) < waiters:
            assert time.monotonic() < deadline, "nobody waits for a lock"
            time.sleep(0.002)


def end_waiters(database_url: str) -> None:
    """Ends the connections of all who wait."""
    with _looking(database_url) as connection:
        connection.execute(text(f"select pg_terminate_backend(pid) from {WAITERS}"))


@contextmanager
def _connected(database_url: str) -> Iterator[Connection]:
    engine = create_engine(database_url)
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


@contextmanager
def _looking(database_url: str) -> Iterator[Connection]:
    with _connected(database_url) as connection:
        yield connection.execution_options(isolation_level="AUTOCOMMIT")
