"""Whose ticket is assigned next: customers take turns, and no batch reads the whole queue."""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from random import Random
from uuid import UUID

import pytest
from sqlalchemy import Engine, create_engine, select, text
from sqlalchemy.orm import Session

from desk.access import Actor
from desk.assignment import assignment
from desk.assignment.assignment import BATCH, Assign, Strategy
from models import Role, Ticket
from server.database.transaction import OPTIONS
from tests.conftest import Backend
from tests.factories import a_ticket, an_actor, now
from tests.statements import plans

TICKETS = 30_000
# What one batch may go through, however many tickets wait, of however many customers.
FEW_ROWS, FEW_BUFFERS = 6_000, 12_000

# So many waiting tickets of each of these people, one person's all before the next one's.
WAIT = text(
    """
    insert into tickets (id, title, description, category, type, status, tags, user_id,
        created_at, updated_at, public_updated_at, last_seq, last_public_seq)
    select gen_random_uuid(), 'Help', 'Help', 'billing', 'bug', 'open', '{}', users.id,
        at, at, at, 1, 1
    from users, generate_series(1, :each) n,
        lateral (select cast(:began as timestamptz) + n * interval '1 second' as at) time
    where email like :whose
    """
)
PEOPLE = text(
    """
    insert into users (id, email, full_name, password_hash, role, is_active, notify_email,
        available, capacity, turn, catching_up)
    select gen_random_uuid(), :name || n || '@crowd.test', 'One of many', '', 'user', true, true,
        true, 50, 0, false
    from generate_series(1, :count) n
    """
)


def crowd(session: Session, name: str, count: int, *, each: int, ago: timedelta) -> list[UUID]:
    """People with tickets that wait since then, by the order of their addresses."""
    session.execute(PEOPLE, {"name": name, "count": count})
    whose = f"{name}%@crowd.test"
    session.execute(WAIT, {"each": each, "began": now() - ago, "whose": whose})
    return list(
        session.scalars(text("select id from users where email like :w order by id"), {"w": whose})
    )


def drain(session: Session) -> int:
    session.flush()
    done = assignment.drain(session, Strategy.ROUND_ROBIN, now(), Random(1))
    session.flush()
    return done


def assigned(session: Session) -> Counter[UUID]:
    """How many tickets of each customer were assigned."""
    query = select(Ticket.user_id).where(Ticket.assigned_to_id.is_not(None))
    return Counter(session.scalars(query))


def queue(session: Session) -> list[UUID]:
    """Whose tickets are next."""
    owner = {row.id: row.user_id for row in session.execute(select(Ticket.id, Ticket.user_id))}
    return [owner[ticket_id] for ticket_id in assignment.waiting(session)]


@pytest.fixture
def customers(session: Session) -> list[Actor]:
    return [an_actor(session) for _ in range(3)]


def test_one_customers_flood_is_not_before_everybody_elses_ticket(
    session: Session, customers: list[Actor]
) -> None:
    an_actor(session, Role.CSR, capacity=2)
    flooding, honest, _ = customers
    for _ in range(100):
        a_ticket(session, flooding)
    a_ticket(session, honest)
    assert drain(session) == 2
    assert assigned(session) == {flooding.id: 1, honest.id: 1}


def test_customers_take_turns_and_each_ones_oldest_comes_first(
    session: Session, customers: list[Actor]
) -> None:
    one, two, three = customers
    opened = [a_ticket(session, each).id for each in (one, one, one, two, two, three)]
    order = [0, 3, 5, 1, 4, 2]
    assert list(assignment.waiting(session)) == [opened[n] for n in order]


def test_the_oldest_comes_first_where_nobody_has_more_than_one(
    session: Session, customers: list[Actor]
) -> None:
    for customer in reversed(customers):
        a_ticket(session, customer)
    assert queue(session) == [each.id for each in reversed(customers)]


def test_what_is_worked_on_for_a_customer_counts_as_their_turns(
    session: Session, customers: list[Actor]
) -> None:
    flooding, honest, other = customers
    csr = an_actor(session, Role.CSR)
    for _ in range(3):
        held = a_ticket(session, flooding)
        assignment.assign(session, csr, held.id, Assign(assignee_id=csr.id), now())
    for customer in (flooding, honest, honest, other):
        a_ticket(session, customer)
    assert queue(session) == [honest.id, other.id, honest.id, flooding.id]


def test_a_ticket_that_is_left_out_takes_no_place_in_a_batch(
    session: Session, customers: list[Actor]
) -> None:
    stuck, *others = [a_ticket(session, customers[0]).id for _ in range(BATCH + 1)]
    assert list(assignment.waiting(session, but=[stuck])) == others


@pytest.fixture(scope="module")
def crowded(make_backend: Callable[[], Backend]) -> Iterator[Callable[[], Engine]]:
    engines = []

    def make() -> Engine:
        engine = create_engine(make_backend().database_url, connect_args={"options": OPTIONS})
        engines.append(engine)
        return engine

    yield make
    for engine in engines:
        engine.dispose()


def test_with_more_customers_than_a_batch_looks_at_each_has_their_turn(
    crowded: Callable[[], Engine],
) -> None:
    with Session(crowded()) as session:
        an_actor(session, Role.CSR, capacity=10_000)
        many = crowd(session, "many", 250, each=5, ago=timedelta(hours=1))
        # All that is oldest is theirs.
        crowd(session, "flood", 1, each=600, ago=timedelta(hours=9))
        batches = 0
        while len(assigned(session).keys() & set(many)) < len(many):
            assert drain(session) == BATCH
            batches += 1
            assert batches <= 3 * len(many) // BATCH
        assert max(assigned(session).values()) <= 3


@pytest.mark.parametrize("customers", [1, 10, TICKETS])
def test_a_batch_reads_a_few_rows_of_any_number_of_tickets_and_customers(
    crowded: Callable[[], Engine], customers: int
) -> None:
    engine = crowded()
    with Session(engine) as session, session.begin():
        crowd(session, "many", customers, each=TICKETS // customers, ago=timedelta(days=30))
    with engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT")
        connection.execute(text("vacuum (analyze) tickets, users"))
    with Session(engine) as session:
        an_actor(session, Role.CSR, capacity=10_000)
        assert drain(session) == BATCH
        asked = plans(session, assignment.waiting)
        assert len(asked) == 2
        for plan in asked:
            assert "tickets" not in plan.seq_scans, plan.steps
            assert plan.rows <= FEW_ROWS, plan.steps
            assert plan.buffers <= FEW_BUFFERS, plan.steps
