"""Connections for single statements, straight on the driver."""

from collections.abc import Sequence
from typing import Any, TypeVar

import psycopg
from sqlalchemy import URL

from desk.database import is_outdated
from desk.errors import Unavailable
from desk.statements import Statement
from server.database.prepared import PREPARED_ELSEWHERE, PreparedConnection
from server.turns import Turns

T = TypeVar("T")


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
        self._turns = Turns(size, patience)
        # The last that was used comes first: the others may rest.
        self._idle: list[PreparedConnection] = []
        self._prepares = True

    async def run(self, statement: Statement[T], *, writes: bool = False, **values: Any) -> list[T]:
        """Raises `psycopg.Error`, and `Unavailable` if no connection becomes free in time.

        What ``writes`` is sent once: if the connection is lost, it may have been done or not.
        """
        try:
            await self._turns.take()
        except TimeoutError:
            raise Unavailable("unavailable", "The database is busy; try again") from None
        try:
            rows = await self._rows(statement.numbered, statement.in_order(**values), writes=writes)
        finally:
            self._turns.give_back()
        return [statement.row_type(*row) for row in rows]

    async def _rows(
        self, sql: bytes, values: Sequence[Any], *, writes: bool
    ) -> list[tuple[Any, ...]]:
        while self._idle:
            connection = self._idle.pop()
            if writes and not connection.is_good():
                continue
            try:
                return await self._run(connection, sql, values)
            except psycopg.Error as error:
                if isinstance(error, PREPARED_ELSEWHERE):  # It did nothing, and would not again.
                    self._prepares = False
                    continue
                if is_outdated(error):  # So are those that were opened before it.
                    self.close()
                    break
                # It had died while it rested, perhaps; if so, another one is tried.
                has_died = isinstance(error, psycopg.OperationalError) and not connection.is_open
                if writes or not has_died:
                    raise
        connection = await PreparedConnection.open(self._url, self._connect)
        return await self._run(connection, sql, values)

    async def _run(
        self, connection: PreparedConnection, sql: bytes, values: Sequence[Any]
    ) -> list[tuple[Any, ...]]:
        try:
            rows = await connection.run(sql, values, is_prepared=self._prepares)
        except psycopg.Error as error:
            if is_outdated(error):
                connection.close()
            self._rest(connection)
            raise
        self._rest(connection)
        return rows

    def _rest(self, connection: PreparedConnection) -> None:
        if connection.is_open:
            self._idle.append(connection)

    def close(self) -> None:
        """Closes those that rest. Who asks for one later gets a new one."""
        idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()
