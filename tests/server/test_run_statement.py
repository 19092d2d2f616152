"""Rules that run as one statement: what leaves, what is left to a transaction, what is lost."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any, TypeVar
from uuid import UUID

import pytest
from sqlalchemy import func, select

from desk.access import Actor
from desk.assignment import routing
from desk.assignment.routing import Change
from desk.errors import Conflict, Forbidden, NotFound, Unavailable
from desk.events import MessagePosted, StatusChanged, TicketCreated
from desk.jobs import Job
from desk.outbox import Outbox
from desk.tickets import fast_path, views
from desk.tickets.messages import NewMessage, Posted
from desk.tickets.tickets import NewTicket
from desk.webhooks import webhooks
from models import Event, Notification, Role, Status, Ticket, WebhookDelivery
from server.database.transaction import Desk, create_engine
from tests.conftest import Backend
from tests.factories import a_ticket, an_actor, database, now
from tests.locks import end_connections, end_waiters, locked, until_one_waits
from tests.waiting import PATIENCE

NEW = NewTicket(title="It broke", description="Help!", category="billing", type="bug")
T = TypeVar("T")


class Stage:
    """A desk that tells which of its rules ran in a transaction, and what left it."""

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self.left: list[Outbox] = []
        self.desk = Desk(create_engine(backend.database_url), self.left.append)
        with database(backend.settings) as session:
            self.customer = an_actor(session)
            self.csr = an_actor(session, Role.CSR)
            self.admin = an_actor(session, Role.ADMIN)
            self.ticket_id = a_ticket(session, self.customer).id
            session.flush()
            session.get_one(Ticket, self.ticket_id).assigned_to_id = self.csr.id

    async def post(
        self, actor: Actor, content: str, *, internal: bool = False, client_id: bool = True
    ) -> Posted:
        name = content if client_id else None
        new = NewMessage(content=content, client_id=name, internal=internal)
        return await self.desk.run_statement(fast_path.posting(actor, self.ticket_id, new, now()))

    def stored(self, content: str) -> list[Event]:
        with database(self.backend.settings) as session:
            return list(session.scalars(select(Event).where(Event.content == content)))

    def count(self, table: type) -> int:
        with database(self.backend.settings) as session:
            return session.scalar(select(func.count()).select_from(table)) or 0

    def change(self, **sent: object) -> None:
        with database(self.backend.settings) as session:
            change = Change.model_validate(sent)
            routing.change(session, self.csr, self.ticket_id, change, now())


@pytest.fixture
async def stage(make_backend: Callable[[], Backend]) -> AsyncIterator[Stage]:
    stage = Stage(make_backend())
    yield stage
    await stage.desk.close()


@pytest.fixture
def no_transactions(monkeypatch: pytest.MonkeyPatch, stage: Stage) -> None:
    async def refused(*_: object) -> None:
        raise AssertionError("a transaction")

    monkeypatch.setattr(stage.desk, "_run", refused)


@pytest.mark.usefixtures("no_transactions")
async def test_a_message_is_one_statement_and_leaves_with_its_notification(stage: Stage) -> None:
    posted = await stage.post(stage.customer, "Hello")
    assert (posted.is_new, posted.event.seq, posted.event.public_seq) == (True, 2, 2)
    [left] = stage.left
    assert left.events == [posted.event]
    [told] = left.notifications
    with database(stage.backend.settings) as session:
        [row] = session.scalars(select(Notification)).all()
        shown = ("id", "user_id", "kind", "ticket_id", "actor_id", "data", "created_at", "read_at")
        assert [getattr(told, name) for name in shown] == [getattr(row, name) for name in shown]
        assert row.user_id == stage.csr.id
        ticket = session.get_one(Ticket, stage.ticket_id)
        assert (ticket.last_seq, ticket.last_public_seq) == (2, 2)


@pytest.mark.usefixtures("no_transactions")
async def test_a_message_without_a_client_id_is_one_statement_each_time(stage: Stage) -> None:
    for _ in range(2):
        assert (await stage.post(stage.csr, "Hello", client_id=False)).is_new
    assert len(stage.stored("Hello")) == 2


@pytest.mark.usefixtures("no_transactions")
async def test_a_ticket_is_opened_by_one_statement(stage: Stage) -> None:
    ticket = await stage.desk.run_statement(fast_path.opening(stage.customer, NEW, now()))
    [left] = stage.left
    assert [event.kind for event in left.events] == [TicketCreated.kind]
    assert left.wakes == {Job.DRAIN_ASSIGNMENT}
    with database(stage.backend.settings) as session:
        assert session.get_one(Ticket, ticket.id).number == ticket.number


async def test_where_a_webhook_asks_it_is_told(stage: Stage) -> None:
    with database(stage.backend.settings) as session:
        sent = {"url": "https://8.8.8.8/", "events": ["ticket_created", "message_posted"]}
        new = webhooks.NewWebhook.model_validate(sent)
        webhooks.add(session, stage.admin, new, "whsec_", now())
    await stage.post(stage.customer, "Hello")
    await stage.desk.run_statement(fast_path.opening(stage.customer, NEW, now()))
    assert stage.count(WebhookDelivery) == 2
    assert [len(left.events) for left in stage.left] == [1, 1]
    assert all(Job.DRAIN_WEBHOOKS in left.wakes for left in stage.left)


@pytest.mark.parametrize("internal", [False, True])
async def test_a_resolved_ticket_opens_again_for_its_customer(stage: Stage, internal: bool) -> None:
    stage.change(status="resolved")
    await stage.post(stage.csr, "Is it well?", internal=internal)
    await stage.post(stage.customer, "No")
    with database(stage.backend.settings) as session:
        assert session.get_one(Ticket, stage.ticket_id).status is Status.OPEN
    assert [event.kind for event in stage.left[-1].events] == [
        MessagePosted.kind,
        StatusChanged.kind,
    ]


async def test_what_is_refused_is_refused_as_ever(stage: Stage) -> None:
    with pytest.raises(Forbidden):
        await stage.post(stage.customer, "note", internal=True)
    stranger = Actor(UUID(int=1), Role.USER)
    with pytest.raises(NotFound):
        await stage.post(stranger, "Hello")
    first = await stage.post(stage.customer, "Hello")
    again = await stage.post(stage.customer, "Hello")
    assert (again.is_new, again.event.seq) == (False, first.event.seq)
    stage.change(status="closed")
    with pytest.raises(Conflict):
        await stage.post(stage.customer, "More")
    assert [len(left.events) for left in stage.left if left.events] == [1]


async def test_a_message_that_is_sent_twice_at_once_is_stored_once(stage: Stage) -> None:
    lock = f"select from tickets where id = '{stage.ticket_id}' for update"
    with locked(stage.backend.database_url, lock):
        both = [asyncio.create_task(stage.post(stage.customer, "Hello")) for _ in range(2)]
        await asyncio.to_thread(until_one_waits, stage.backend.database_url, waiters=2)
    one, other = await asyncio.gather(*both)
    assert {one.is_new, other.is_new} == {True, False}
    assert one.event.seq == other.event.seq == 2
    assert len(stage.stored("Hello")) == 1


async def test_connections_that_ended_meanwhile_are_not_used(stage: Stage) -> None:
    await stage.post(stage.customer, "one")
    end_connections(stage.backend.database_url)
    await stage.desk.run_statement(fast_path.opening(stage.customer, NEW, now()))
    end_connections(stage.backend.database_url)
    await stage.post(stage.customer, "two")
    assert [len(left.events) for left in stage.left] == [1, 1, 1]


async def interrupted(stage: Stage, statement: str, work: Coroutine[Any, Any, T]) -> T:
    """What comes of work whose connection is ended while it waits for a lock."""
    with locked(stage.backend.database_url, statement):
        running = asyncio.create_task(work)
        await asyncio.to_thread(until_one_waits, stage.backend.database_url)
        end_waiters(stage.backend.database_url)
    return await asyncio.wait_for(running, PATIENCE)


async def test_a_message_whose_connection_was_lost_is_stored_once(stage: Stage) -> None:
    lock = f"select from tickets where id = '{stage.ticket_id}' for update"
    posted = await interrupted(stage, lock, stage.post(stage.customer, "Hello"))
    assert posted.is_new
    assert len(stage.stored("Hello")) == 1


async def test_a_message_without_a_client_id_whose_connection_was_lost_is_not_tried_again(
    stage: Stage,
) -> None:
    await stage.post(stage.customer, "Before")
    lock = f"select from tickets where id = '{stage.ticket_id}' for update"
    with pytest.raises(Unavailable):
        await interrupted(stage, lock, stage.post(stage.customer, "Hello", client_id=False))
    assert stage.stored("Hello") == []


async def test_an_opening_whose_connection_was_lost_is_told_and_not_tried_again(
    stage: Stage,
) -> None:
    # On a connection that has rested, as most are.
    await stage.desk.run_statement(fast_path.opening(stage.customer, NEW, now()))
    work = stage.desk.run_statement(fast_path.opening(stage.customer, NEW, now()))
    with pytest.raises(Unavailable):
        await interrupted(stage, "lock table tickets in exclusive mode", work)
    assert stage.count(Ticket) == 2
    assert len(stage.left) == 1


@pytest.mark.usefixtures("no_transactions")
async def test_writers_that_wait_for_a_ticket_keep_no_reader_waiting(stage: Stage) -> None:
    lock = f"select from tickets where id = '{stage.ticket_id}' for update"
    with locked(stage.backend.database_url, lock):
        waiting = [asyncio.create_task(stage.post(stage.customer, str(n))) for n in range(20)]
        await asyncio.to_thread(until_one_waits, stage.backend.database_url, 2)
        visible = views.VISIBLE[stage.customer.audience]
        read = stage.desk.fetch(visible, me=stage.customer.id, ticket_id=stage.ticket_id)
        [seen] = await asyncio.wait_for(read, PATIENCE)
        assert seen.seq == 1
    await asyncio.gather(*waiting)
    assert len(stage.left) == 20
