"""Connections for single statements: what they give, refuse, lose, and leave behind."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg
import pytest
import uvloop
from sqlalchemy import make_url

from desk.errors import Unavailable
from desk.statements import Statement
from server.database import prepared
from server.database.driver import DriverPool
from tests.conftest import Backend
from tests.waiting import until

VALUES: dict[str, Any] = {
    "id": UUID(int=7),
    "word": "Grüße, 50 %",
    "at": datetime(2026, 1, 2, 3, 4, 5, 6, UTC),
    "number": 70_000,
    "is_so": True,
    "nothing": None,
    "hash": b"\x00\xff",
    "words": ["a", "b"],
}
TYPES = ("uuid", "text", "timestamptz", "bigint", "boolean", "text", "bytea", "text[]")
ALL_KINDS = Statement(
    "select "
    + ", ".join(f"%({name})s::{type_}" for name, type_ in zip(VALUES, TYPES, strict=True))
    + """, '{"a": [1]}'::jsonb, 5 %% 3, %(word)s""",
    lambda *row: row,
)
PID = Statement("select pg_backend_pid()", int)
# Seconds: it takes one on a busy machine, and some twenty where the end of a server is waited for.
AT_ONCE = 12.0


@pytest.fixture(scope="module")
def backend(make_backend: Callable[[], Backend]) -> Backend:
    return make_backend()


def pool_of(backend: Backend, **changed: Any) -> DriverPool:
    terms = {"size": 1, "patience": 5, "connect": {"options": "-c timezone=UTC"}, **changed}
    return DriverPool(make_url(backend.database_url), **terms)


@pytest.fixture
async def pool(backend: Backend) -> AsyncIterator[DriverPool]:
    pool = pool_of(backend)
    yield pool
    pool.close()


async def test_values_come_back_as_they_went_prepared_or_not(pool: DriverPool) -> None:
    for _ in range(4):
        [row] = await pool.run(ALL_KINDS, **VALUES)
        assert row == (*VALUES.values(), {"a": [1]}, 2, VALUES["word"])


async def test_other_types_under_the_same_name_are_another_statement(pool: DriverPool) -> None:
    said = Statement("select pg_typeof(%(value)s)::text", str)
    for _ in range(3):
        for value, type_ in ((UUID(int=1), "uuid"), (True, "boolean"), (b"", "bytea")):
            assert await pool.run(said, value=value) == [type_]


async def test_a_refusal_has_its_state_and_leaves_the_connection(pool: DriverPool) -> None:
    [pid] = await pool.run(PID)
    divided = Statement("select 1 / %(by)s::int", int)
    for _ in range(3):
        with pytest.raises(psycopg.errors.DivisionByZero) as caught:
            await pool.run(divided, by=0)
        assert caught.value.sqlstate == "22012"
    with pytest.raises(psycopg.DataError):
        await pool.run(Statement("select %(word)s::text", str), word="\x00")
    assert await pool.run(divided, by=1) == [1]
    assert await pool.run(PID) == [pid]


async def test_what_no_socket_takes_at_once_goes_and_comes_whole(pool: DriverPool) -> None:
    text = "word " * 200_000
    twice = Statement("select %(text)s::text || %(text)s::text", str)
    for _ in range(3):
        assert await pool.run(twice, text=text) == [text * 2]


async def test_what_is_cancelled_ends_on_the_server_too(pool: DriverPool, backend: Backend) -> None:
    asleep = Statement("select 'prepared_asleep' from pg_sleep(60)", str)
    count = Statement(
        "select count(*) from pg_stat_activity"
        " where query like '%%prepared_asleep%%' and state = 'active' and pid <> pg_backend_pid()",
        int,
    )
    other = pool_of(backend)
    running = asyncio.create_task(pool.run(asleep))

    async def is_running() -> bool:
        return await other.run(count) == [1]

    async def is_over() -> bool:
        return await other.run(count) == [0]

    await until(is_running)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    await until(is_over)
    assert len(await pool.run(PID)) == 1  # Its place is free again.
    other.close()


async def test_where_statements_are_prepared_elsewhere_none_is_any_more(pool: DriverPool) -> None:
    """As behind a pooler that gives each transaction another server."""
    for _ in range(3):
        await pool.run(ALL_KINDS, **VALUES)
    forget = Statement("deallocate all", str)
    names = Statement("select name from pg_prepared_statements", str)
    assert await pool.run(names) != []
    await pool.run(forget)
    for _ in range(4):
        assert len(await pool.run(ALL_KINDS, writes=True, **VALUES)) == 1
    assert await pool.run(names) == []


async def test_no_more_is_prepared_than_there_is_place_for(
    pool: DriverPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prepared, "MOST_PREPARED", 3)
    for _ in range(3):
        for number in range(10):
            assert await pool.run(Statement(f"select {number}", int)) == [number]
    [count] = await pool.run(Statement("select count(*) from pg_prepared_statements", int))
    assert count == 3


async def test_who_waits_for_too_long_is_told(backend: Backend) -> None:
    pool = pool_of(backend, patience=0)
    running = asyncio.create_task(pool.run(Statement("select from pg_sleep(60)", str)))
    await until(lambda: not pool._turns._free)
    with pytest.raises(Unavailable):
        await pool.run(PID)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    pool.close()


def test_nobody_waits_for_an_answer_of_a_server_that_has_said_that_it_goes(
    backend: Backend,
) -> None:
    # As the product runs: not each loop tells that a connection ends whose last words were read.
    uvloop.run(_ask_while_all_end(backend))


async def _ask_while_all_end(backend: Backend) -> None:
    asking, is_over = pool_of(backend, size=12), False

    async def ask() -> None:
        while not is_over:
            with contextlib.suppress(psycopg.OperationalError):
                await asking.run(PID)

    def end_all() -> None:
        url = make_url(backend.database_url).set(drivername="postgresql")
        with psycopg.connect(url.render_as_string(False), autocommit=True) as connection:
            for _ in range(80):
                connection.execute(
                    "select pg_terminate_backend(pid) from pg_stat_activity where backend_type = "
                    "'client backend' and datname = current_database() and pid <> pg_backend_pid()"
                )

    async with asyncio.timeout(AT_ONCE), asyncio.TaskGroup() as group:
        for _ in range(20):
            group.create_task(ask())
        await asyncio.to_thread(end_all)
        is_over = True
    asking.close()
