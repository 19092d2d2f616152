"""Two at once, on two real connections.

The first holds its transaction open until the database says that the second waits for it: so
each of these races is run, not hoped for.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import TypeVar
from uuid import UUID

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from desk.access import Actor
from desk.accounts import accounts, sessions
from desk.assignment import assignment, routing
from desk.assignment.routing import Change
from desk.errors import Conflict
from desk.tickets import messages, search, timeline
from desk.tickets.messages import NewMessage
from desk.tickets.views import TicketView
from desk.webhooks import webhooks
from desk.webhooks.webhooks import MOST_WEBHOOKS, NewWebhook
from models import AuthSession, Event, Role, Ticket, TicketSearch, User
from tests.conftest import Backend, engine_of
from tests.desk.races import committing, overlapping, run
from tests.factories import PASSWORD, a_ticket, an_actor, now
from tests.waiting import PATIENCE

T = TypeVar("T")

LIFETIME = timedelta(days=7)


@pytest.fixture(scope="module")
def engine(make_backend: Callable[[], Backend]) -> Iterator[Engine]:
    """A database of its own: what is committed here stays."""
    with engine_of(make_backend(), pool_size=10) as engine:
        yield engine


def all_at_once(engine: Engine, rules: list[Callable[[Session], T]]) -> list[Future[T]]:
    start = Barrier(len(rules))

    def go(rule: Callable[[Session], T]) -> T:
        start.wait(PATIENCE)
        return run(engine, rule)

    with ThreadPoolExecutor(len(rules)) as pool:
        return [pool.submit(go, rule) for rule in rules]


def made(engine: Engine, *roles: Role) -> list[Actor]:
    with committing(engine) as session:
        return [an_actor(session, role) for role in roles]


@pytest.fixture
def customer(engine: Engine) -> Actor:
    return made(engine, Role.USER)[0]


@pytest.fixture
def ticket_id(engine: Engine, customer: Actor) -> UUID:
    with committing(engine) as session:
        return a_ticket(session, customer).id


def posting(
    actor: Actor, ticket_id: UUID, content: str, client_id: str | None = None
) -> Callable[[Session], messages.Posted]:
    new = NewMessage(content=content, client_id=client_id)
    return lambda session: messages.post(session, actor, ticket_id, new, now())


def stored(engine: Engine, ticket_id: UUID) -> list[tuple[int, str | None]]:
    with committing(engine) as session:
        return [(e.seq, e.content) for e in timeline.after(session, ticket_id, 0, 1000)]


def test_who_commits_first_has_the_lower_number(
    engine: Engine, customer: Actor, ticket_id: UUID
) -> None:
    [csr] = made(engine, Role.CSR)
    first, second = overlapping(
        engine, posting(customer, ticket_id, "first"), posting(csr, ticket_id, "second")
    )
    assert (first.event.seq, second.result().event.seq) == (2, 3)
    assert stored(engine, ticket_id) == [(1, None), (2, "first"), (3, "second")]


def changing(actor: Actor, ticket_id: UUID, **fields: object) -> Callable[[Session], TicketView]:
    wanted = Change.model_validate(fields)
    return lambda session: routing.change(session, actor, ticket_id, wanted, now())


def test_changes_and_messages_take_their_turns(
    engine: Engine, customer: Actor, ticket_id: UUID
) -> None:
    [csr] = made(engine, Role.CSR)
    tag, rank = changing(csr, ticket_id, tags=["vip"]), changing(csr, ticket_id, priority="high")
    overlapping(engine, tag, rank)[1].result()
    say = posting(customer, ticket_id, "hello?")
    back = changing(csr, ticket_id, priority=None)
    overlapping(engine, say, back)[1].result()
    again = changing(csr, ticket_id, tags=[])
    overlapping(engine, again, posting(csr, ticket_id, "hello!"))[1].result()
    assert [seq for seq, _ in stored(engine, ticket_id)] == list(range(1, 8))
    with committing(engine) as session:
        ticket = session.get_one(Ticket, ticket_id)
        assert (ticket.last_seq, ticket.last_public_seq) == (7, 5)
        assert (ticket.tags, ticket.priority) == ([], None)


def test_many_posts_at_once_get_dense_numbers(
    engine: Engine, customer: Actor, ticket_id: UUID
) -> None:
    contents = [f"message {n}" for n in range(8)]
    for done in all_at_once(engine, [posting(customer, ticket_id, c) for c in contents]):
        done.result()
    numbers, said = zip(*stored(engine, ticket_id), strict=True)
    assert numbers == tuple(range(1, 10))
    assert sorted(said[1:]) == contents


def test_a_post_that_rolls_back_leaves_no_hole(
    engine: Engine, customer: Actor, ticket_id: UUID
) -> None:
    with Session(engine) as session:
        posting(customer, ticket_id, "never mind")(session)
        session.flush()
        session.rollback()
    run(engine, posting(customer, ticket_id, "hello"))
    assert stored(engine, ticket_id) == [(1, None), (2, "hello")]


def test_the_same_message_at_once_from_two_connections_is_stored_once(
    engine: Engine, customer: Actor, ticket_id: UUID
) -> None:
    same = posting(customer, ticket_id, "hello", client_id="a")
    first, second = overlapping(engine, same, same)
    assert (first.is_new, second.result().is_new) == (True, False)
    assert first.event.id == second.result().event.id
    assert stored(engine, ticket_id) == [(1, None), (2, "hello")]


def test_another_message_with_the_same_client_id_at_once_is_refused(
    engine: Engine, customer: Actor, ticket_id: UUID
) -> None:
    _, second = overlapping(
        engine,
        posting(customer, ticket_id, "hello", client_id="a"),
        posting(customer, ticket_id, "bye", client_id="a"),
    )
    with pytest.raises(Conflict) as refused:
        second.result()
    assert refused.value.code == "client_id_reused"


def claiming(csr: Actor, ticket_id: UUID) -> Callable[[Session], TicketView]:
    return lambda session: assignment.claim(session, csr, ticket_id, now())


def test_of_many_claims_one_wins(engine: Engine, ticket_id: UUID) -> None:
    csrs = made(engine, *[Role.CSR] * 6)
    claims = all_at_once(engine, [claiming(csr, ticket_id) for csr in csrs])
    won = [done.result() for done in claims if done.exception() is None]
    lost = [error for done in claims if (error := done.exception())]
    assert len(won) == 1
    assert all(isinstance(e, Conflict) and e.code == "already_assigned" for e in lost)
    with committing(engine) as session:
        query = select(func.count()).where(Event.ticket_id == ticket_id, Event.seq > 1)
        assert session.scalar(query) == 1
        assert session.get_one(Ticket, ticket_id).assigned_to_id == won[0].assigned_to_id


def signing_up(email: str) -> Callable[[Session], accounts.Profile]:
    new = accounts.Signup(email=email, password=PASSWORD, full_name="Ann")
    return lambda session: accounts.create(session, new.email, new.full_name, "hash")


def test_one_address_in_two_cases_at_once_is_one_account(engine: Engine) -> None:
    first, second = overlapping(engine, signing_up("ann@desk.test"), signing_up("Ann@Desk.TEST"))
    with pytest.raises(Conflict) as refused:
        second.result()
    assert refused.value.code == "email_taken"
    with committing(engine) as session:
        query = select(User.id).where(func.lower(User.email) == "ann@desk.test")
        assert session.scalars(query).all() == [first.id]


def refreshing(session_id: UUID) -> Callable[[Session], sessions.Issued | None]:
    return lambda session: sessions.refresh(session, session_id, 0, LIFETIME, now())


def test_two_refreshes_at_once_get_the_same_successor(engine: Engine, customer: Actor) -> None:
    opened = run(engine, lambda s: sessions.open_session(s, customer.id, LIFETIME, now()))
    renew = refreshing(opened.session_id)
    first, second = overlapping(engine, renew, renew)
    assert first == second.result()
    with committing(engine) as session:
        assert session.get_one(AuthSession, opened.session_id).generation == 1


def test_two_workers_index_a_message_once(engine: Engine, customer: Actor, ticket_id: UUID) -> None:
    run(engine, posting(customer, ticket_id, "kettle"))
    first, second = overlapping(engine, search.index, search.index)
    assert first > 0
    assert second.result() == 0
    with committing(engine) as session:
        query = select(TicketSearch.public).where(TicketSearch.ticket_id == ticket_id)
        [places] = [w for w in session.scalars(query).one().split() if "kettle" in w]
    assert "," not in places


def test_what_is_posted_while_words_are_indexed_is_indexed_next(
    engine: Engine, customer: Actor, ticket_id: UUID
) -> None:
    with committing(engine) as session:
        while search.index(session):
            pass
        # Nobody who posts has to wait for it.
        run(engine, posting(customer, ticket_id, "kettle"))
    assert run(engine, search.index) == 1


def test_two_at_once_do_not_make_more_webhooks_than_there_may_be(engine: Engine) -> None:
    (admin,) = made(engine, Role.ADMIN)
    new = NewWebhook.model_validate({"url": "https://8.8.8.8/", "events": ["assigned"]})

    def add(session: Session) -> UUID:
        return webhooks.add(session, admin, new, "whsec_", now()).id

    for _ in range(MOST_WEBHOOKS - 1):
        run(engine, add)
    _, theirs = overlapping(engine, add, add)
    with pytest.raises(Conflict, match="already"):
        theirs.result()
    assert run(engine, webhooks.count) == MOST_WEBHOOKS
