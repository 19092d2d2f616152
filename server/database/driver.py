"""Connections for single statements, straight on the driver."""

import asyncio
import select
import time
from typing import Any, TypeVar

import orjson
import psycopg
from psycopg.types.json import set_json_loads
from sqlalchemy import URL

from desk.database import is_outdated
from desk.errors import Unavailable
from desk.statements import Statement

T = TypeVar("T")

# Within so short a time a database may go away, but not come back.
REST_SECONDS = 0.1

Connection = psycopg.AsyncConnection[tuple[Any, ...]]


class DriverPool:
    """Up to ``size`` connections in autocommit: a statement is one round trip.

    Kept by ourselves because a pool that connects in the background, with growing pauses, lets
    requests wait where they can be told at once that the database is down, and goes on to let them
    wait when it is back.
    """

    def __init__(self, url: URL, *, size: int, patience: float, connect: dict[str, Any]) -> None:
        """``patience``: seconds to wait for a free one. ``connect``: arguments for the driver."""
        self._url = url.set(drivername="postgresql").render_as_string(hide_password=False)
        self._connect = connect
        self._patience = patience
        self._free = asyncio.Semaphore(size)
        # With when it was used. The last comes first: the others may rest.
        self._idle: list[tuple[Connection, float]] = []

    async def run(self, statement: Statement[T], *, writes: bool = False, **values: Any) -> list[T]:
        """Raises `psycopg.Error`, and `Unavailable` if no connection becomes free in time.

        What ``writes`` is sent once: if the connection is lost, it may have been done or not.
        """
        if self._free.locked():
            await self._wait()
        else:
            await self._free.acquire()
        try:
            rows = await self._rows(statement.sql, statement.parameters(**values), writes=writes)
        finally:
            self._free.release()
        return [statement.row_type(*row) for row in rows]

    async def _wait(self) -> None:
        try:
            async with asyncio.timeout(self._patience):
                await self._free.acquire()
        except TimeoutError:
            raise Unavailable("unavailable", "The database is busy; try again") from None

    async def _rows(
        self, sql: str, parameters: dict[str, Any], *, writes: bool
    ) -> list[tuple[Any, ...]]:
        while self._idle:
            connection, used = self._idle.pop()
            has_rested = time.monotonic() - used > REST_SECONDS
            if writes and has_rested and _has_ended(connection):
                await connection.close()
                continue
            try:
                return await self._run(connection, sql, parameters)
            except psycopg.Error as error:
                if is_outdated(error):  # So are those that were opened before it.
                    await self.close()
                    break
                # It had died while it rested, perhaps; if so, another one is tried.
                has_died = isinstance(error, psycopg.OperationalError) and connection.closed
                if writes or not has_died:
                    raise
        return await self._run(await self._open(), sql, parameters)

    async def _open(self) -> Connection:
        connect = psycopg.AsyncConnection.connect
        connection = await connect(self._url, autocommit=True, **self._connect)
        set_json_loads(orjson.loads, connection)
        return connection

    async def _run(
        self, connection: Connection, sql: str, parameters: dict[str, Any]
    ) -> list[tuple[Any, ...]]:
        try:
            cursor = await connection.execute(sql, parameters)
            rows = await cursor.fetchall()
        except psycopg.Error as error:
            if is_outdated(error):
                await connection.close()
            elif not connection.closed:
                self._rest(connection)
            raise
        except BaseException:
            # Cancelled amid its words with the server, which cannot be taken up again.
            await connection.close()
            raise
        self._rest(connection)
        return rows

    def _rest(self, connection: Connection) -> None:
        self._idle.append((connection, time.monotonic()))

    async def close(self) -> None:
        """Closes those that rest. Who asks for one later gets a new one."""
        idle, self._idle = self._idle, []
        for connection, _ in idle:
            await connection.close()


def _has_ended(connection: Connection) -> bool:
    """Whether the server has ended it while it rested: then there is something to read."""
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return bool(poll.poll(0))
