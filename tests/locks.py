"""Who waits for a lock of PostgreSQL, so that a race is run and not hoped for."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, create_engine, text

from tests.waiting import block_until

WAITERS = "pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"


@contextmanager
def locked(database_url: str, statement: str) -> Iterator[None]:
    """Holds what a statement locks."""
    with _connected(database_url) as connection, connection.begin():
        connection.execute(text(statement))
        yield


def until_one_waits(database_url: str, waiters: int = 1) -> None:
    """Until so many wait, at least. Raises TimeoutError if they do not in time."""
    count = text(f"select count(*) from {WAITERS}")
    with _looking(database_url) as connection:
        block_until(lambda: (connection.scalar(count) or 0) >= waiters)


def end_waiters(database_url: str) -> None:
    """Ends the connections of all who wait, and returns when they are gone."""
    with _looking(database_url) as connection:
        connection.execute(text(f"select pg_terminate_backend(pid, 60000) from {WAITERS}"))


def end_connections(database_url: str) -> None:
    """Ends all others' connections to the database, and returns when they are gone."""
    others = "pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
    with _looking(database_url) as connection:
        connection.execute(text(f"select pg_terminate_backend(pid, 60000) from {others}"))


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
