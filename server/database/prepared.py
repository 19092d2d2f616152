"""One connection for single statements, on libpq itself, by the driver's documented wrapper of it.

A cursor of the driver takes three times the CPU that libpq needs for a prepared statement: it is an
object for each, and goes through generators that ask again and again whether the socket is ready.
"""

import asyncio
import hashlib
from collections import Counter
from collections.abc import Sequence
from typing import Any

import orjson
import psycopg
from psycopg import pq
from psycopg.adapt import PyFormat, Transformer
from psycopg.types.json import set_json_loads

# How many statements a connection keeps: with each combination of types that one is given.
MOST_PREPARED = 200
# What is run once is not worth the round trip. So many are counted at once.
PREPARED_AT = 2
MOST_COUNTED = 2_000
CANCEL_SECONDS = 5.0
# Said by a pooler that gives each statement another server, where others were prepared.
PREPARED_ELSEWHERE = (
    psycopg.errors.InvalidSqlStatementName,
    psycopg.errors.DuplicatePreparedStatement,
)
GOOD = (pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK)

Row = tuple[Any, ...]
Key = tuple[bytes, tuple[int, ...]]


class PreparedConnection:
    """Runs one statement at a time, in autocommit. Whatever ends it amid one closes it."""

    def __init__(self, connection: psycopg.AsyncConnection[Row]) -> None:
        set_json_loads(orjson.loads, connection)
        self._connection = connection
        self._pg = connection.pgconn
        self._pg.nonblocking = 1
        self._types = Transformer.from_context(connection)
        self._names: dict[Key, bytes] = {}
        self._uses: Counter[Key] = Counter()
        self._last: pq.abc.PGresult | None = None
        self._answer: asyncio.Future[pq.abc.PGresult] | None = None
        self._loop = asyncio.get_running_loop()
        self._socket = self._pg.socket
        self._is_open = True
        self._is_writing = False
        self._loop.add_reader(self._socket, self._read)

    @classmethod
    async def open(cls, url: str, connect: dict[str, Any]) -> "PreparedConnection":
        return cls(await psycopg.AsyncConnection.connect(url, autocommit=True, **connect))

    @property
    def is_open(self) -> bool:
        # libpq closes the socket of a lost connection by itself, and then no reader is woken.
        if self._is_open and self._pg.status != pq.ConnStatus.OK:
            self.close()
        return self._is_open

    def is_good(self) -> bool:
        """Whether it is open still: what has come from the server while it rested is looked at."""
        # The first read may bring why it was ended, and the next that it was.
        for _ in range(2):
            if self._is_open:
                self._read()
        return self._is_open

    async def run(
        self, sql: bytes, values: Sequence[Any], *, is_prepared: bool = True
    ) -> list[Row]:
        """The rows of a statement with ``$1``, ``$2`` … Raises `psycopg.Error`."""
        types = self._types
        parameters = types.dump_sequence(values, [PyFormat.AUTO] * len(values))
        oids, formats = types.types or (), types.formats
        try:
            name = await self._prepared((sql, oids)) if is_prepared else None
            if name is not None:
                self._pg.send_query_prepared(name, parameters, formats, pq.Format.BINARY)
            else:
                self._pg.send_query_params(sql, parameters, oids, formats, pq.Format.BINARY)
            result = await self._result()
        except asyncio.CancelledError:
            await self._cancel()
            raise
        types.set_pgresult(result)
        return types.load_rows(0, result.ntuples, tuple)

    async def _prepared(self, key: Key) -> bytes | None:
        """The name of the statement; None while it is not worth one."""
        name = self._names.get(key)
        if name is None and len(self._names) < MOST_PREPARED:
            if len(self._uses) > MOST_COUNTED:
                self._uses.clear()
            self._uses[key] += 1
            if self._uses[key] == PREPARED_AT:
                del self._uses[key]
                name = _name(key)
                self._pg.send_prepare(name, *key)
                await self._result()
                self._names[key] = name
        return name

    async def _result(self) -> pq.abc.PGresult:
        """The result of what was sent; raises what the server refused."""
        self._answer = self._loop.create_future()
        self._write()
        try:
            result = await self._answer
        finally:
            self._answer = None
        if result.status not in GOOD:
            raise psycopg.errors.error_from_result(result)
        return result

    def _write(self) -> None:
        """Sends what libpq has; what the socket does not take goes when it does."""
        try:
            is_left = self._pg.flush() == 1
        except psycopg.Error as error:
            self._end(error)
            return
        if self._pg.status != pq.ConnStatus.OK:
            self._read()
            return
        if is_left and not self._is_writing:
            self._loop.add_writer(self._socket, self._write)
        elif self._is_writing and not is_left:
            self._loop.remove_writer(self._socket)
        self._is_writing = is_left

    def _read(self) -> None:
        """Takes what the server has sent, until it has to be waited for again."""
        try:
            self._pg.consume_input()
            while self._answer is not None and not self._pg.is_busy():
                result = self._pg.get_result()
                if result is None:
                    self._say()
                    return
                self._last = result
                if _is_fatal(result):
                    # The server has gone, and whether more is to come from it nobody says.
                    self._say()
                    self.close()
                    return
            if self._pg.status != pq.ConnStatus.OK:
                raise psycopg.OperationalError("the connection is lost")
        except psycopg.Error as error:
            self._end(error)

    def _say(self) -> None:
        """There is no further result of what was asked."""
        answer, result, self._last = self._answer, self._last, None
        if answer is None or answer.done():
            return
        if result is None:
            raise psycopg.OperationalError("the connection is lost")
        answer.set_result(result)

    def _end(self, error: psycopg.Error) -> None:
        """The connection is lost."""
        answer = self._answer
        self.close()
        if answer is not None and not answer.done():
            answer.set_exception(error)

    async def _cancel(self) -> None:
        """Nobody waits any more: the server is not to go on, and its answer is for nobody."""
        try:
            if self._is_open:
                await self._connection.cancel_safe(timeout=CANCEL_SECONDS)
        except psycopg.Error:
            pass  # It is closed now, and the server sees that when it has its answer.
        finally:
            self.close()

    def close(self) -> None:
        if self._is_open:
            self._is_open = False
            self._loop.remove_reader(self._socket)
            self._loop.remove_writer(self._socket)
            self._pg.finish()


def _is_fatal(result: pq.abc.PGresult) -> bool:
    severity = pq.DiagnosticField.SEVERITY_NONLOCALIZED
    return result.status not in GOOD and result.error_field(severity) in (b"FATAL", b"PANIC")


def _name(key: Key) -> bytes:
    """One name for one statement, wherever it was prepared: behind a pooler that gives a connection
    to one after the other, what one has prepared must not be run for what another has.
    """
    return b"desk_" + hashlib.sha256(repr(key).encode()).hexdigest()[:24].encode()
