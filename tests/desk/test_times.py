"""Times along a timeline: the database's, under the ticket's lock, so that they never go back."""

import itertools
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from uuid import UUID

import pytest
from sqlalchemy import Engine, create_engine, func, select, text
from sqlalchemy.orm import Session

from desk.access import Actor
from desk.assignment import assignment, routing
from desk.assignment.routing import Change
from desk.notifications.inbox import MAIL_WINDOW
from desk.outbox import outbox
from desk.tickets import fast_path, messages
from desk.tickets.messages import NewMessage
from desk.tickets.tickets import NewTicket
from desk.webhooks import webhooks
from models import Event, Notification, Role, Status, Ticket, WebhookDelivery
from server.database.transaction import Desk
from server.database.transaction import create_engine as server_engine
from tests import locks
from tests.conftest import Backend, engine_of
from tests.factories import a_ticket, an_actor, now
from tests.waiting import PATIENCE

POSTERS, MESSAGES = 24, 400
NEW = NewTicket(title="It is broken", description="Help!", category="billing", type="bug")

Rule = Callable[[Session, Actor, UUID], object]


def _posts(session: Session, actor: Actor, ticket_id: UUID) -> None:
    messages.post(session, actor, ticket_id, NewMessage(content="hello"), None)


def _resolves(session: Session, actor: Actor, ticket_id: UUID) -> None:
    routing.change(session, actor, ticket_id, Change(status=Status.RESOLVED), None)


def _claims(session: Session, actor: Actor, ticket_id: UUID) -> None:
    assignment.claim(session, actor, ticket_id, None)


@pytest.fixture(scope="module")
def backend(make_backend: Callable[[], Backend]) -> Backend:
    """Of their own, as these tests commit."""
    return make_backend()


@pytest.fixture
def engine(backend: Backend) -> Iterator[Engine]:
    with engine_of(backend) as engine:
        yield engine


@pytest.fixture
def people(backend: Backend, engine: Engine) -> tuple[Actor, Actor, UUID]:
    with Session(engine) as session, session.begin():
        customer, csr = an_actor(session), an_actor(session, Role.CSR)
        return customer, csr, a_ticket(session, customer).id


@pytest.mark.parametrize("rule", [_posts, _resolves, _claims])
def test_who_waits_for_the_lock_looks_at_the_clock_after_the_wait(
    backend: Backend, engine: Engine, people: tuple[Actor, Actor, UUID], rule: Rule
) -> None:
    _, csr, ticket_id = people

    def act() -> datetime:
        with Session(engine) as session, session.begin():
            rule(session, csr, ticket_id)
            return outbox(session).events[0].at

    with ThreadPoolExecutor(1) as pool, engine.connect() as holder:
        holder.execute(select(Ticket.id).where(Ticket.id == ticket_id).with_for_update())
        waiting = pool.submit(act)
        locks.until_one_waits(backend.database_url)
        released: datetime = holder.scalar(select(func.clock_timestamp()))  # type: ignore[assignment]
        holder.rollback()
        told = waiting.result(timeout=PATIENCE)
    assert told >= released
    with Session(engine) as session:
        event = session.scalars(
            select(Event).where(Event.ticket_id == ticket_id).order_by(Event.seq.desc())
        ).first()
        ticket = session.get_one(Ticket, ticket_id)
        assert event is not None
        assert event.at == told == ticket.updated_at == ticket.public_updated_at
        assert ticket.resolved_at in (None, told)
        made = session.scalars(
            select(Notification.created_at).where(
                Notification.ticket_id == ticket_id, Notification.event_seq == event.seq
            )
        ).all()
        assert set(made) <= {told}


async def test_a_rule_that_is_one_statement_gives_the_time_that_is_stored(
    backend: Backend, engine: Engine, people: tuple[Actor, Actor, UUID]
) -> None:
    customer, csr, ticket_id = people
    desk = Desk(server_engine(backend.database_url), lambda _: None)
    try:
        new = NewMessage(content="hello", client_id="a")
        posted = await desk.run_statement(fast_path.posting(csr, ticket_id, new))
        opened = await desk.run_statement(fast_path.opening(customer, NEW))
    finally:
        await desk.close()
    with Session(engine) as session:
        stored = session.get_one(Event, (ticket_id, posted.event.seq))
        ticket = session.get_one(Ticket, ticket_id)
        assert stored.at == posted.event.at == ticket.updated_at == ticket.first_response_at
        first = session.get_one(Event, (opened.id, 1))
        assert first.at == opened.created_at == session.get_one(Ticket, opened.id).created_at


def test_a_clock_that_was_set_back_does_not_set_back_a_timeline(
    engine: Engine, people: tuple[Actor, Actor, UUID]
) -> None:
    _, csr, ticket_id = people
    with engine.begin() as connection:
        ahead = text("update tickets set updated_at = now() + interval '1 hour' where id = :id")
        connection.execute(ahead, {"id": ticket_id})
    with Session(engine) as session, session.begin():
        latest = session.get_one(Ticket, ticket_id).updated_at
        for rule in (_posts, _resolves, _claims):
            rule(session, csr, ticket_id)
        assert {event.at for event in outbox(session).events} == {latest}


@pytest.mark.parametrize("as_statement", [False, True])
def test_who_is_told_of_a_ticket_whose_time_is_ahead_does_not_wait_for_it(
    engine: Engine, people: tuple[Actor, Actor, UUID], as_statement: bool
) -> None:
    _, csr, ticket_id = people
    with Session(engine) as session:
        sent = {"url": "https://8.8.8.8/", "events": ["message_posted"]}
        new = webhooks.NewWebhook.model_validate(sent)
        webhooks.add(session, an_actor(session, Role.ADMIN), new, "whsec_", now())
        ahead = text("update tickets set updated_at = now() + interval '1 hour' where id = :id")
        session.execute(ahead, {"id": ticket_id})
        if as_statement:
            single = fast_path.posting(csr, ticket_id, NewMessage(content="hello"))
            single.statement.all(session, **single.values)
        else:
            _posts(session, csr, ticket_id)
            session.flush()
        clock: datetime = session.scalars(select(func.clock_timestamp())).one()
        event = session.get_one(Event, (ticket_id, 2))
        assert event.at > clock
        of_ticket = select(Notification).where(Notification.ticket_id == ticket_id)
        assert session.scalars(of_ticket).one().due_at <= clock + MAIL_WINDOW
        assert session.scalars(select(WebhookDelivery)).one().due_at <= clock


def test_of_many_who_post_at_once_no_time_runs_back(
    backend: Backend, people: tuple[Actor, Actor, UUID]
) -> None:
    _, csr, ticket_id = people
    engine = create_engine(backend.database_url, pool_size=POSTERS)

    def post(number: int) -> None:
        rule = _claims if number == MESSAGES // 2 else _posts
        with Session(engine) as session, session.begin():
            rule(session, csr, ticket_id)

    with ThreadPoolExecutor(POSTERS) as pool:
        list(pool.map(post, range(MESSAGES)))
    with Session(engine) as session:
        times = session.scalars(
            select(Event.at).where(Event.ticket_id == ticket_id).order_by(Event.seq)
        ).all()
    engine.dispose()
    assert len(times) == MESSAGES + 1
    assert [b for a, b in itertools.pairwise(times) if b < a] == []
