"""Lists of tickets: filters, sorts, and pages that neither skip nor repeat."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, get_args
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from desk.access import Actor
from desk.tickets import lists, tickets
from desk.tickets.keyset import Sort, SortField
from desk.tickets.lists import Filters, Position, count, ticket_list
from desk.tickets.tickets import Change
from desk.tickets.views import TicketView
from models import Priority, Role, Status, Ticket
from tests.factories import a_ticket, an_actor, now

SORTS = [Sort(f, descending=d) for f in get_args(SortField) for d in (False, True)]
# Those whose key never changes, so that a walk is complete whatever happens meanwhile.
STEADY = [sort for sort in SORTS if sort.field in {"created_at", "number"}]
PRIORITIES = [None, *Priority]


@pytest.fixture
def customer(session: Session) -> Actor:
    return an_actor(session)


@pytest.fixture
def csr(session: Session) -> Actor:
    return an_actor(session, Role.CSR)


def change(session: Session, csr: Actor, ticket_id: UUID, **sent: object) -> None:
    tickets.change(session, csr, ticket_id, Change.model_validate(sent), now())


def some_tickets(session: Session, csr: Actor, customer: Actor, n: int = 12) -> list[UUID]:
    """Tickets of which several share a moment and a priority."""
    made = []
    start = now() - timedelta(hours=1)
    for index in range(n):
        ticket = session.get_one(Ticket, a_ticket(session, customer).id)
        ticket.created_at = ticket.updated_at = ticket.public_updated_at = start + timedelta(
            minutes=index // 3
        )
        ticket.priority = PRIORITIES[index % 5]
        made.append(ticket.id)
    session.flush()
    return made


def walk(
    session: Session,
    actor: Actor,
    sort: Sort,
    limit: int,
    meanwhile: Callable[[], None] = lambda: None,
) -> list[TicketView]:
    walked: list[TicketView] = []
    after: Position | None = None
    while True:
        page = ticket_list(session, actor, Filters(), sort, limit, after)
        walked += page.tickets
        if (after := page.after) is None:
            return walked
        assert len(page.tickets) == limit
        meanwhile()


def key(ticket: TicketView, sort: Sort) -> tuple[Any, ...]:
    value = getattr(ticket, sort.field)
    return (lists.RANKS[value] if sort.field == "priority" else value, ticket.id)


def name(sort: Sort) -> str:
    return f"{'-' if sort.descending else ''}{sort.field}"


@pytest.mark.parametrize("role", [Role.USER, Role.CSR])
@pytest.mark.parametrize("sort", SORTS, ids=name)
def test_pages_follow_the_order_and_none_is_missed(
    session: Session, customer: Actor, csr: Actor, sort: Sort, role: Role
) -> None:
    made = some_tickets(session, csr, customer)
    for limit in (1, 4, 12, 100):
        walked = walk(session, customer if role is Role.USER else csr, sort, limit)
        assert sorted(t.id for t in walked) == sorted(made)
        keys = [key(ticket, sort) for ticket in walked]
        assert keys == sorted(keys, reverse=sort.descending)


@pytest.mark.parametrize("role", [Role.USER, Role.CSR])
@pytest.mark.parametrize("descending", [False, True])
def test_pages_by_the_last_change_are_exact_about_the_borders_of_its_buckets(
    session: Session, customer: Actor, csr: Actor, role: Role, descending: bool
) -> None:
    border, moment = datetime(2026, 1, 5, 10, 15, tzinfo=UTC), timedelta(microseconds=1)
    for time in (border - moment, border, border, border + moment, border, border + 900 * moment):
        for shift in (timedelta(0), timedelta(minutes=15)):
            ticket = session.get_one(Ticket, a_ticket(session, customer).id)
            ticket.updated_at = ticket.public_updated_at = time + shift
    session.flush()
    sort = Sort("updated_at", descending=descending)
    for limit in (1, 2, 3, 5):
        walked = walk(session, customer if role is Role.USER else csr, sort, limit)
        keys = [(ticket.updated_at, ticket.id) for ticket in walked]
        assert len(keys) == 12
        assert keys == sorted(set(keys), reverse=descending)


@pytest.mark.parametrize("sort", STEADY, ids=name)
def test_a_walk_sees_every_old_ticket_once_while_others_come_and_change(
    session: Session, customer: Actor, csr: Actor, sort: Sort
) -> None:
    made = some_tickets(session, csr, customer)
    random = Random(7)

    def meanwhile() -> None:
        a_ticket(session, customer)
        change(session, csr, random.choice(made), priority=random.choice(PRIORITIES))
        change(session, csr, random.choice(made), category=f"c{random.random()}")

    seen = [t.id for t in walk(session, customer, sort, 2, meanwhile)]
    assert len(seen) == len(set(seen))
    assert set(made) <= set(seen)


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    drawn=st.lists(st.tuples(st.integers(0, 3), st.sampled_from(PRIORITIES)), max_size=12),
    limit=st.integers(1, 5),
    sort=st.sampled_from(SORTS),
)
def test_any_pages_make_up_the_whole_list(
    session: Session, drawn: list[tuple[int, Priority | None]], limit: int, sort: Sort
) -> None:
    customer = an_actor(session)
    start = now()
    for minutes, priority in drawn:
        ticket = session.get_one(Ticket, a_ticket(session, customer).id)
        ticket.created_at = start + timedelta(minutes=minutes)
        ticket.priority = priority
    session.flush()
    whole = ticket_list(session, customer, Filters(), sort, 100, None)
    assert whole.after is None
    assert walk(session, customer, sort, limit) == list(whole.tickets)
    assert count(session, customer, Filters()) == len(drawn)


def test_customers_list_their_own_and_staff_everybodys(
    session: Session, customer: Actor, csr: Actor
) -> None:
    other = an_actor(session)
    made = [a_ticket(session, who).id for who in (customer, other, csr)]
    for who, wanted in ((customer, {made[0]}), (other, {made[1]}), (csr, set(made))):
        page = ticket_list(session, who, Filters(), Sort(), 100, None)
        assert {t.id for t in page.tickets} == wanted
        assert count(session, who, Filters()) == len(wanted)


@pytest.mark.parametrize("near", [0, 1, 4_000])
def test_each_filter_finds_what_has_it_and_nothing_else(
    session: Session, customer: Actor, csr: Actor, monkeypatch: pytest.MonkeyPatch, near: int
) -> None:
    monkeypatch.setattr(lists, "REACHES", (near, 64_000))
    other = an_actor(session)
    plain = a_ticket(session, customer).id
    special = a_ticket(session, other, category="shipping", type="question").id
    change(session, csr, special, status="resolved", priority="high", tags=["vip", "eu"])
    session.get_one(Ticket, special).assigned_to_id = csr.id
    session.flush()
    found_by = [
        Filters(status=Status.RESOLVED),
        Filters(category="shipping"),
        Filters(type="question"),
        Filters(priority=Priority.HIGH),
        Filters(tag="eu"),
        Filters(user_id=other.id),
        Filters(assigned_to=csr.id),
        Filters(unassigned=False),
        Filters(status=Status.RESOLVED, tag="vip", assigned_to=csr.id),
    ]
    not_found_by = [
        Filters(status=Status.OPEN),
        Filters(category="billing"),
        Filters(type="bug"),
        Filters(user_id=customer.id),
        Filters(unassigned=True),
    ]
    neither = [
        Filters(tag="e"),
        Filters(category="ship"),
        Filters(priority=Priority.LOW),
        Filters(assigned_to=other.id),
        Filters(status=Status.OPEN, tag="vip"),
    ]
    for wanted, filters in (({special}, found_by), ({plain}, not_found_by), (set(), neither)):
        for one in filters:
            for sort in SORTS:
                page = ticket_list(session, csr, one, sort, 100, None)
                assert {t.id for t in page.tickets} == wanted, (one, sort)
            assert count(session, csr, one) == len(wanted), one


def test_a_staff_note_does_not_move_a_ticket_in_the_customers_list(
    session: Session, customer: Actor, csr: Actor
) -> None:
    first, second = (a_ticket(session, customer).id for _ in range(2))
    change(session, csr, first, tags=["vip"])
    by_update = Sort("updated_at")
    for who, order in ((customer, [second, first]), (csr, [first, second])):
        page = ticket_list(session, who, Filters(), by_update, 100, None)
        assert [t.id for t in page.tickets] == order
