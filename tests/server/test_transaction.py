"""What leaves a transaction, and when."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import create_engine as create_sync_engine
from sqlalchemy import make_url, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session
from sqlalchemy.pool import QueuePool

from desk.access import Actor
from desk.database import leave_outdated
from desk.errors import Unavailable
from desk.outbox import Outbox
from desk.statements import Statement
from desk.tickets import fast_path, tickets
from desk.tickets.messages import NewMessage, Posted
from desk.tickets.views import TicketView
from models import Event, Ticket
from server.database.transaction import DatabaseFault, Desk, create_engine
from tests.conftest import Backend
from tests.factories import a_ticket, an_actor, database, now
from tests.locks import end_connections
from tests.waiting import PATIENCE, forever


@pytest.fixture(scope="module")
def backend(make_backend: Callable[[], Backend]) -> Backend:
    """Of our own: its connections are ended."""
    return make_backend()


@pytest.fixture
def customer(backend: Backend) -> Actor:
    with database(backend.settings) as session:
        return an_actor(session)


def opened(session: Session, customer: Actor, /) -> TicketView:
    return a_ticket(session, customer)


class Post:
    """A desk whose deliveries are looked at: were their events stored when they left?"""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self.engine = create_engine(backend.database_url)
        self.desk = Desk(self.engine, self._deliver)
        self.left: list[UUID] = []

    def _deliver(self, recorded: Outbox) -> None:
        with database(self._backend.settings) as session:
            for event in recorded.events:
                assert session.get(Event, (event.ticket_id, event.seq)) is not None
                self.left.append(event.ticket_id)


@pytest.fixture
async def post(backend: Backend) -> AsyncIterator[Post]:
    post = Post(backend)
    yield post
    await post.desk.close()


async def test_an_event_leaves_once_it_is_stored(post: Post, customer: Actor) -> None:
    ticket = await post.desk.run(opened, customer)
    assert post.left == [ticket.id]


async def test_nothing_leaves_if_the_commit_fails(post: Post, customer: Actor) -> None:
    def ticket_then_failing_commit(session: Session) -> TicketView:
        ticket = a_ticket(session, customer)
        column = "number int unique deferrable initially deferred"
        session.execute(text(f"create temporary table late ({column}) on commit drop"))
        session.execute(text("insert into late values (1), (1)"))
        return ticket

    with pytest.raises(DatabaseFault):
        await post.desk.run(ticket_then_failing_commit)
    assert post.left == []


async def test_a_pooled_connection_that_died_is_replaced_unnoticed(
    post: Post, customer: Actor, backend: Backend
) -> None:
    ticket = await post.desk.run(opened, customer)
    end_connections(backend.database_url)
    seen: Ticket = await post.desk.read(tickets.get, customer, ticket.id)
    assert seen.id == ticket.id
    end_connections(backend.database_url)
    another = await post.desk.run(opened, customer)
    assert post.left == [ticket.id, another.id]


async def test_a_connection_that_dies_at_the_commit_is_told_and_not_tried_again(
    post: Post, customer: Actor, backend: Backend
) -> None:
    tries = 0

    def ticket_then_dying(session: Session) -> None:
        nonlocal tries
        tries += 1
        a_ticket(session, customer)
        session.flush()
        # After the last statement of the rule, so that the commit is the first to notice.
        end_connections(backend.database_url)

    with pytest.raises(Unavailable):
        await asyncio.wait_for(post.desk.run(ticket_then_dying), PATIENCE)
    assert (tries, post.left) == (1, [])


async def test_a_value_that_the_driver_cannot_read_is_no_database_that_is_away(post: Post) -> None:
    unreadable = Statement("select 'infinity'::timestamptz", lambda at: at)
    with pytest.raises(DatabaseFault):
        await post.desk.fetch(unreadable)


@pytest.fixture
def owner(backend: Backend) -> Iterator[psycopg.Connection[Any]]:
    """Who changes the database beneath the desk."""
    url = make_url(backend.database_url).set(drivername="postgresql")
    with psycopg.connect(url.render_as_string(False), autocommit=True) as connection:
        yield connection


async def test_a_column_that_changes_its_type_is_read_on_unnoticed(
    post: Post, owner: psycopg.Connection[Any]
) -> None:
    owner.execute("create table changing (a int)")
    owner.execute("insert into changing values (1)")
    everything = Statement("select * from changing", lambda a: a)
    into = Statement("insert into changing values (2) returning *", lambda a: a)

    def read(session: Session, /) -> list[object]:
        return [row[0] for row in session.execute(text("select * from changing"))]

    for _ in range(10):  # Until all of them are prepared.
        await post.desk.fetch(everything)
        await post.desk.read(read)
        await post.desk._writers.run(into, writes=True)
    owner.execute("delete from changing where a = 2")
    owner.execute("alter table changing alter a type text")
    assert await post.desk.fetch(everything) == ["1"]
    assert await post.desk.read(read) == ["1"]
    assert await post.desk._writers.run(into, writes=True) == ["2"]


async def test_a_database_that_turns_read_only_is_away_until_it_is_back(
    post: Post, customer: Actor, backend: Backend, owner: psycopg.Connection[Any]
) -> None:
    name = make_url(backend.database_url).database
    ticket = await post.desk.run(opened, customer)
    message = NewMessage(content="Hello?", client_id="1")

    async def say() -> Posted:
        return await post.desk.run_statement(fast_path.posting(customer, ticket.id, message, now()))

    assert await post.desk.can_write()

    owner.execute(f"alter database {name} set default_transaction_read_only = on")
    await post.desk.close()
    try:
        for _ in range(2):
            with pytest.raises(Unavailable):
                await say()
            with pytest.raises(Unavailable):
                await post.desk.run(opened, customer)
        assert not await post.desk.can_write()
    finally:
        owner.execute(f"alter database {name} reset default_transaction_read_only")
    assert await post.desk.can_write()
    assert (await say()).is_new
    await post.desk.run(opened, customer)


async def test_a_worker_s_connection_to_a_read_only_server_is_lost_not_at_fault(
    backend: Backend,
) -> None:
    engine = create_sync_engine(
        backend.database_url, connect_args={"options": "-c default_transaction_read_only=on"}
    )
    leave_outdated(engine)
    with pytest.raises(OperationalError) as caught, engine.begin() as connection:
        connection.execute(text("create table never (a int)"))
    assert caught.value.connection_invalidated
    engine.dispose()


async def test_a_statement_that_takes_too_long_is_told_and_not_run_again(post: Post) -> None:
    runs: list[int] = []

    def slow(session: Session, /) -> None:
        runs.append(1)
        session.execute(text("set local statement_timeout = '1ms'"))
        session.execute(text("select pg_sleep(5)"))

    with pytest.raises(Unavailable):
        await post.desk.run(slow)
    assert runs == [1]
    for pool in (post.desk._readers, post.desk._writers):
        shown = await pool.run(Statement("show statement_timeout", lambda setting: setting))
        assert shown == ["5s"]


async def test_a_read_that_is_cancelled_as_it_begins_gives_its_connection_back(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = create_engine(backend.database_url)
    desk = Desk(engine, lambda _: None)
    began = asyncio.Event()

    async def halt(_: psycopg.AsyncConnection[Any], __: bool) -> None:
        began.set()
        await forever()

    await desk.read(lambda session: session.scalar(text("select 1")))
    with monkeypatch.context() as patched:
        patched.setattr(psycopg.AsyncConnection, "set_autocommit", halt)
        reading = asyncio.ensure_future(desk.read(lambda session: session.scalar(text("select 2"))))
        await began.wait()
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        # While it is refused, what was left behind would be found in use.
        pool = engine.sync_engine.pool
        assert isinstance(pool, QueuePool)
        assert pool.checkedout() == 0
    assert await desk.read(lambda session: session.scalar(text("select 3"))) == 3
    await desk.close()
