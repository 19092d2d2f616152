"""The database of a command. Whatever goes wrong there is one line for the person who asked."""

from collections.abc import Iterator
from contextlib import contextmanager

import click
from sqlalchemy import Connection, create_engine, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from config import Database, read
from desk.errors import DeskError
from manage import environment

CONNECT_TIMEOUT = 3
LONGEST_REASON = 300

ADVICE = {
    "42P01": "The schema is missing: run `python -m manage migrate`",
    "42703": "The schema is an older one: run `python -m manage migrate`",
    "55P03": "Something else holds a lock on the tables: try again in a moment",
}


@contextmanager
def connected(*, as_owner: bool = False) -> Iterator[Connection]:
    """A connection. Raises `ClickException` for what the database refuses or does not answer.

    ``as_owner``: of the tables, where that is not the role that works with them.
    """
    environment.enter()
    found = read(Database)
    url = (as_owner and found.migration_database_url) or found.database_url
    engine = create_engine(
        url,
        poolclass=NullPool,
        connect_args={"connect_timeout": CONNECT_TIMEOUT, "options": "-c timezone=UTC"},
    )
    try:
        with engine.connect() as connection:
            yield connection
    except DBAPIError as error:
        raise click.ClickException(_reason(error, url)) from None


@contextmanager
def transaction(*, as_owner: bool = False) -> Iterator[Session]:
    """A session that commits at the end. Raises `ClickException`, also for what a rule refuses."""
    with (
        connected(as_owner=as_owner) as connection,
        Session(connection, expire_on_commit=False) as session,
        session.begin(),
    ):
        try:
            yield session
        except DeskError as error:
            raise click.ClickException(error.detail) from None


def _reason(error: DBAPIError, url: str) -> str:
    said = " ".join(str(error.orig).split())[:LONGEST_REASON]
    sqlstate = getattr(error.orig, "sqlstate", None)
    if sqlstate is None:
        at = make_url(url)
        where = f"{at.host or 'localhost'}:{at.port or 5432}"
        return f"Cannot reach the database at {where}, see DATABASE_URL: {said}"
    return ADVICE.get(sqlstate, f"The database says: {said}")
