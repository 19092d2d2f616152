"""What leaves a transaction, and when."""

import asyncio
from collections.abc import AsyncIterator, Callable
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from desk import tickets
from desk.access import Actor
from desk.errors import Unavailable
from desk.outbox import Outbox
from desk.prepared import Prepared
from desk.views import TicketView
from models import Event, Ticket
from server.transaction import DatabaseFault, Desk, create_engine
from tests.conftest import Backend
from tests.factories import a_ticket, an_actor, database


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
    end_connections(backend)
    seen: Ticket = await post.desk.read(tickets.seen, customer, ticket.id)
    assert seen.id == ticket.id
    end_connections(backend)
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
        end_connections(backend)

    with pytest.raises(Unavailable):
        await asyncio.wait_for(post.desk.run(ticket_then_dying), 10)
    assert (tries, post.left) == (1, [])


def end_connections(backend: Backend) -> None:
    """Ends all others' connections to the database."""
    with database(backend.settings) as session:
        session.execute(
            text(
                "select pg_terminate_backend(pid, 5000) from pg_stat_activity "
                "where datname = current_database() and pid <> pg_backend_pid()"
            )
        )


async def test_a_value_that_the_driver_cannot_read_is_no_database_that_is_away(post: Post) -> None:
    unreadable = Prepared("select 'infinity'::timestamptz", lambda at: at)
    with pytest.raises(DatabaseFault):
        await post.desk.fetch(unreadable)
