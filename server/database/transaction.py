"""One request or socket event, one transaction, then what it recorded goes out."""

from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, TypeVar

import orjson
import psycopg
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import Session

from desk.database import is_outdated, leave_outdated
from desk.errors import Unavailable
from desk.outbox import Outbox, outbox
from desk.statements import SingleStatement, Statement
from server.database.driver import DriverPool

P = ParamSpec("P")
T = TypeVar("T")

CONNECT_TIMEOUT = 3
POOL_TIMEOUT = 5
# Connections for rules in transactions, for single reads, and for rules that are one statement,
# which may wait for a ticket's lock.
POOL_SIZE = 6
READERS = 12
WRITERS = 6
# What is asked for is in memory for the most part, where a page out of order costs no more than one
# in order. PostgreSQL's own guess is that of a disk with a head.
PLANNER = "-c random_page_cost=1.1 -c jit=off"
# A process that is frozen, or cut off, in its transaction keeps its locks no longer than this.
OPTIONS = f"-c timezone=UTC -c idle_in_transaction_session_timeout=10s {PLANNER}"
# Seconds, with the wait for a lock. Who asked has given up by then, and others want the connection.
SINGLE_STATEMENT_TIMEOUT = 5
# Of a rule: it may search, and count.
RULE_STATEMENT_TIMEOUT = 10

CAN_WRITE = text(
    "select not (pg_is_in_recovery() or current_setting('transaction_read_only')::bool)"
)


def _connect(statement_timeout: int) -> dict[str, Any]:
    options = f"{OPTIONS} -c statement_timeout={statement_timeout}s"
    return {"connect_timeout": CONNECT_TIMEOUT, "options": options}


def create_engine(database_url: str) -> AsyncEngine:
    engine = create_async_engine(
        database_url,
        pool_size=POOL_SIZE,
        max_overflow=0,
        pool_timeout=POOL_TIMEOUT,
        # What a statement was run with are people's words and addresses: not for an error's text.
        hide_parameters=True,
        json_deserializer=orjson.loads,
        connect_args=_connect(RULE_STATEMENT_TIMEOUT),
    )
    leave_outdated(engine.sync_engine)
    return engine


class DatabaseFault(Exception):
    """An error that is our own. The database's words stay out: they quote what people entered."""


class Desk:
    """Runs rules for the asynchronous side of the house."""

    def __init__(self, engine: AsyncEngine, deliver: Callable[[Outbox], None]) -> None:
        self._engine = engine
        connect = _connect(SINGLE_STATEMENT_TIMEOUT)
        self._readers = DriverPool(engine.url, size=READERS, patience=POOL_TIMEOUT, connect=connect)
        self._writers = DriverPool(engine.url, size=WRITERS, patience=POOL_TIMEOUT, connect=connect)
        self._deliver = deliver

    async def close(self) -> None:
        """Closes the connections. Who needs one later opens it: perhaps to another server."""
        self._readers.close()
        self._writers.close()
        await self._engine.dispose()

    async def run(
        self,
        rule: Callable[Concatenate[Session, P], T],
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Runs the rule in a transaction of its own and commits; then its outbox is delivered.

        Raises what the rule raises, and `Unavailable` if the database cannot be reached. Then the
        commit may have happened or not: the caller has to repeat it with the same key.
        """
        result, recorded = await self._run(rule, args, kwargs)
        self._deliver(recorded)
        return result

    async def run_statement(self, single: SingleStatement[T]) -> T:
        """Runs the statement without a transaction around it; if it does nothing, its rule."""
        recorded = Outbox()
        try:
            rows = await self._writers.run(single.statement, writes=True, **single.values)
        except psycopg.errors.UniqueViolation:
            pass  # Somebody was faster. Nothing was done; the rule finds what they stored.
        except psycopg.Error as error:
            # What took too long as it is would do so again.
            took_too_long = isinstance(error, psycopg.errors.QueryCanceled)
            is_lost = isinstance(error, psycopg.OperationalError) and not took_too_long
            if not (is_lost and single.is_repeatable):
                raise _translated(error) from None
        else:
            if (result := single.result(rows, recorded)) is not None:
                self._deliver(recorded)
                return result
        return await self.run(single.otherwise)

    async def read(
        self,
        rule: Callable[Concatenate[Session, P], T],
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Runs a rule that only reads."""
        result, _ = await self._run(_without_transaction(rule), args, kwargs)
        return result

    async def fetch(self, statement: Statement[T], **values: Any) -> list[T]:
        """Runs a read of one statement, without a session and so for a fraction of the cost."""
        try:
            return await self._readers.run(statement, **values)
        except psycopg.Error as error:
            raise _translated(error) from None

    async def can_write(self) -> bool:
        """Whether the database takes changes. If not, all connections are closed: after a failover
        another server may be behind its address. Raises `Unavailable` if it cannot be reached.
        """
        can_write = await self.read(_can_write)
        if not can_write:
            await self.close()
        return can_write

    async def _run(
        self,
        rule: Callable[..., T],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> tuple[T, Outbox]:
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
                return result, outbox(session.sync_session)
        raise AssertionError("unreachable")


def _without_transaction(rule: Callable[..., T]) -> Callable[..., T]:
    """Reads need none; without one each is a single round trip. Asked of the session, which gives
    the connection back also where it is cancelled here: an engine of its own for them did not.
    """

    def read(session: Session, *args: Any, **kwargs: Any) -> T:
        session.connection(execution_options={"isolation_level": "AUTOCOMMIT"})
        return rule(session, *args, **kwargs)

    return read


def _can_write(session: Session) -> bool:
    return bool(session.scalar(CAN_WRITE))


def _is_lost(error: Exception) -> bool:
    return isinstance(error, DBAPIError) and error.connection_invalidated


def _translated(error: DBAPIError | PoolTimeout | psycopg.Error) -> Exception:
    """What the caller is told: a database out of reach is no fault of theirs or of our code."""
    if isinstance(error, PoolTimeout) or _is_lost(error):
        return Unavailable("unavailable", "The database cannot be reached; try again")
    cause = error.orig if isinstance(error, DBAPIError) else error
    sqlstate = getattr(cause, "sqlstate", None)
    # No state: the connection failed, or the driver cannot read a value, which stays so.
    is_lost = sqlstate is None and not isinstance(cause, psycopg.DataError)
    is_lost = is_lost or is_outdated(cause)
    # 08 connection, 53 resources, 57 shut down, 40 rolled back.
    if is_lost or (sqlstate or "")[:2] in {"08", "53", "57", "40", "55"}:
        return Unavailable("unavailable", "The database is busy or restarting; try again")
    constraint = cause.diag.constraint_name if isinstance(cause, psycopg.Error) else None
    fault = DatabaseFault(type(cause).__name__, sqlstate, constraint)
    return fault.with_traceback(error.__traceback__)
