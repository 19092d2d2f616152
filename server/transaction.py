"""One request or socket event, one transaction, then what it recorded goes out."""

from collections.abc import Callable
from typing import Concatenate, ParamSpec, TypeVar

import psycopg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import Session

from desk.errors import Unavailable
from desk.outbox import Outbox, outbox

P = ParamSpec("P")
T = TypeVar("T")

CONNECT_TIMEOUT = 3
POOL_TIMEOUT = 5
POOL_SIZE = 16
# What is asked for is in memory for the most part, where a page out of order costs no more than one
# in order. PostgreSQL's own guess is that of a disk with a head.
PLANNER = "-c random_page_cost=1.1 -c jit=off"
# A process that is frozen, or cut off, in its transaction keeps its locks no longer than this.
OPTIONS = f"-c timezone=UTC -c idle_in_transaction_session_timeout=10s {PLANNER}"


def create_engine(database_url: str) -> AsyncEngine:
    return create_async_engine(
        database_url,
        pool_size=POOL_SIZE,
        max_overflow=0,
        pool_timeout=POOL_TIMEOUT,
        # What a statement was run with are people's words and addresses: not for an error's text.
        hide_parameters=True,
        connect_args={"connect_timeout": CONNECT_TIMEOUT, "options": OPTIONS},
    )


class DatabaseFault(Exception):
    """An error that is our own. The database's words stay out: they quote what people entered."""


class Desk:
    """Runs rules for the asynchronous side of the house."""

    def __init__(self, engine: AsyncEngine, deliver: Callable[[Outbox], None]) -> None:
        self._engine = engine
        # Reads need no transaction; without one each is a single round trip.
        self._reading = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._deliver = deliver

    async def run(
        self,
        rule: Callable[Concatenate[Session, P], T],
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Runs the rule in a transaction of its own and commits; then its outbox is delivered.

        Raises what the rule raises, and `Unavailable` if the database cannot be reached. Then
        the commit may have happened or not: the caller has to repeat it with the same key.
        """
        for last_try in (False, True):
            async with AsyncSession(self._engine, expire_on_commit=False) as session:
                try:
                    result = await session.run_sync(rule, *args, **kwargs)
                    await session.flush()
                except (DBAPIError, PoolTimeout) as error:
                    # A pooled connection had died. Nothing was committed: once more, on a new one.
                    if _is_lost(error) and not last_try:
                        continue
                    raise _translated(error) from None
                try:
                    await session.commit()
                except DBAPIError as error:
                    raise _translated(error) from None
                recorded = outbox(session.sync_session)
            self._deliver(recorded)
            return result
        raise AssertionError("unreachable")

    async def read(
        self,
        rule: Callable[Concatenate[Session, P], T],
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Runs a rule that only reads."""
        for last_try in (False, True):
            async with AsyncSession(self._reading, expire_on_commit=False) as session:
                try:
                    return await session.run_sync(rule, *args, **kwargs)
                except (DBAPIError, PoolTimeout) as error:
                    if _is_lost(error) and not last_try:
                        continue
                    raise _translated(error) from None
        raise AssertionError("unreachable")


def _is_lost(error: Exception) -> bool:
    return isinstance(error, DBAPIError) and error.connection_invalidated


def _translated(error: DBAPIError | PoolTimeout) -> Exception:
    """What the caller is told: a database out of reach is no fault of theirs or of our code."""
    if isinstance(error, PoolTimeout) or error.connection_invalidated:
        return Unavailable("unavailable", "The database cannot be reached; try again")
    sqlstate = getattr(error.orig, "sqlstate", None)
    # No state: the connection failed. 08 connection, 53 resources, 57 shut down, 40 rolled back.
    if sqlstate is None or sqlstate[:2] in {"08", "53", "57", "40", "55"}:
        return Unavailable("unavailable", "The database is busy or restarting; try again")
    constraint = error.orig.diag.constraint_name if isinstance(error.orig, psycopg.Error) else None
    fault = DatabaseFault(type(error.orig).__name__, sqlstate, constraint)
    return fault.with_traceback(error.__traceback__)
