"""Lists of tickets: filters, sorts, and pages that neither skip nor repeat."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import product
from random import Random
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from desk.access import Actor
from desk.assignment import routing
from desk.assignment.routing import Change
from desk.errors import Invalid
from desk.tickets import field_walk, keyset, lists, messages, reading, tickets
from desk.tickets.filters import Filters
from desk.tickets.keyset import Sort
from desk.tickets.lists import Position, count, ticket_list
from desk.tickets.messages import NewMessage
from desk.tickets.views import Side, TicketRow
from models import RANKS, Priority, Role, Status, Ticket
from tests.factories import a_field, a_ticket, an_actor, now

SORTS = [Sort(f, descending=d) for f in keyset.SORTS for d in (False, True)]
# Those whose key never changes, so that a walk is complete whatever happens meanwhile.
STEADY = [sort for sort in SORTS if sort.field in {"created_at", "number"}]
PRIORITIES = [None, *Priority]
EVERYTHING = Filters()
MIDDLE = datetime(2026, 1, 5, 10, 20, tzinfo=UTC)


def change(session: Session, csr: Actor, ticket_id: UUID, **sent: object) -> None:
    routing.change(session, csr, ticket_id, Change.model_validate(sent), now())


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
    filters: Filters = EVERYTHING,
) -> list[TicketRow]:
    walked: list[TicketRow] = []
    after: Position | None = None
    while True:
        page = ticket_list(session, actor, filters, sort, limit, after)
        walked += page.tickets
        if (after := page.after) is None:
            return walked
        assert len(page.tickets) == limit
        meanwhile()


def key(ticket: TicketRow, sort: Sort) -> tuple[Any, ...]:
    value = getattr(ticket, sort.field)
    return (RANKS.get(value, 0) if sort.field == "priority" else value, ticket.id)


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
    values = {"plan": "gold", "seats": 5, "parts": ["lid", "jar"], "paid": False}
    for key, kind in (("plan", "text"), ("seats", "number"), ("paid", "boolean")):
        a_field(session, key, kind)
    a_field(session, "parts", "choices", choices=["lid", "jar", "base"])
    change(session, csr, special, status="resolved", priority="high", tags=["vip", "eu"])
    change(session, csr, special, fields=values)
    change(session, csr, plain, fields={"plan": "silver", "paid": True})
    session.get_one(Ticket, special).assigned_to_id = csr.id
    session.flush()
    found_by = [
        Filters(status=[Status.RESOLVED]),
        Filters(category="shipping"),
        Filters(type="question"),
        Filters(priority=Priority.HIGH),
        Filters(tag="eu"),
        Filters(user_id=other.id),
        Filters(assigned_to=csr.id),
        Filters(unassigned=False),
        Filters(status=[Status.RESOLVED], tag="vip", assigned_to=csr.id),
        Filters(fields={"plan": "gold"}),
        Filters(fields={"seats": "5.0"}),
        Filters(fields={"parts": "jar", "plan": "gold"}),
        Filters(fields={"paid": "false"}, type="question"),
        Filters(fields={"plan": "gold"}, q="broken -refund"),
        Filters(fields={"plan": "gold"}, user_id=other.id),
    ]
    not_found_by = [
        Filters(status=[Status.OPEN]),
        Filters(category="billing"),
        Filters(type="bug"),
        Filters(user_id=customer.id),
        Filters(unassigned=True),
        Filters(fields={"plan": "silver"}),
        Filters(fields={"paid": "true"}),
    ]
    neither = [
        Filters(tag="e"),
        Filters(category="ship"),
        Filters(priority=Priority.LOW),
        Filters(assigned_to=other.id),
        Filters(status=[Status.OPEN], tag="vip"),
        Filters(fields={"plan": "gol"}),
        Filters(fields={"parts": "base"}),
        Filters(fields={"plan": "gold", "seats": "6"}),
        Filters(fields={"plan": "silver"}, type="question"),
    ]
    for wanted, filters in (({special}, found_by), ({plain}, not_found_by), (set(), neither)):
        for one in filters:
            for sort in SORTS:
                page = ticket_list(session, csr, one, sort, 100, None)
                assert {t.id for t in page.tickets} == wanted, (one, sort)
            assert count(session, csr, one) == len(wanted), one


@pytest.mark.parametrize("few", [0, 1_500])
@pytest.mark.parametrize("near", [1, 4_000])
@pytest.mark.parametrize("sort", SORTS, ids=name)
def test_what_has_a_value_is_paged_in_the_order_of_the_list(
    session: Session,
    customer: Actor,
    csr: Actor,
    monkeypatch: pytest.MonkeyPatch,
    sort: Sort,
    near: int,
    few: int,
) -> None:
    monkeypatch.setattr(lists, "NEAREST", 1)
    monkeypatch.setattr(lists, "REACHES", (near, 64_000))
    monkeypatch.setattr(field_walk, "FEW", few)
    for key in ("plan", "size"):
        a_field(session, key, customers="read")
    some_tickets(session, csr, customer)
    before = ticket_list(session, csr, EVERYTHING, sort, 100, None).tickets
    for number, ticket in enumerate(before):
        values = {"plan": "gold" if number % 3 else "silver", "size": "ab"[number % 2]}
        # Its time of creation is what the index goes by.
        routing.change(session, csr, ticket.id, Change(fields=values), ticket.updated_at)
    for asked in ({"plan": "gold"}, {"plan": "gold", "size": "b"}, {"plan": "bronze"}):
        wanted = [
            ticket
            for ticket in ticket_list(session, csr, EVERYTHING, sort, 100, None).tickets
            if asked.items() <= ticket.fields.items()
        ]
        assert walk(session, csr, sort, 2, filters=Filters(fields=asked)) == wanted
        own = Filters(fields=asked, user_id=customer.id)
        found = walk(session, customer, sort, 3, filters=own)
        assert {ticket.id for ticket in found} == {ticket.id for ticket in wanted}
        assert count(session, csr, Filters(fields=asked)) == len(wanted)


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"nothing": "x"}, "unknown_field"),
        ({"plan": "x" * 201}, "invalid"),
        ({"plan": ""}, "invalid"),
        ({"plan": "\0"}, "invalid"),
        ({"seats": "five"}, "invalid"),
        ({"seats": "9" * 16}, "invalid"),
        ({"seats": "1e3"}, "invalid"),
        ({"day": "2026-13-01"}, "invalid"),
        ({"paid": "yes"}, "invalid"),
        ({"parts": "base"}, "invalid"),
    ],
)
def test_a_filter_that_no_value_can_have_is_refused(
    session: Session, csr: Actor, asked: dict[str, str], code: str
) -> None:
    kinds = {"plan": "text", "seats": "number", "day": "date", "paid": "boolean"}
    for key, kind in kinds.items():
        a_field(session, key, kind)
    a_field(session, "parts", "choice", choices=["lid"])
    for rule in (
        lambda: ticket_list(session, csr, Filters(fields=asked), Sort(), 10, None),
        lambda: count(session, csr, Filters(fields=asked)),
    ):
        with pytest.raises(Invalid) as refusal:
            rule()
        [key] = asked
        assert (refusal.value.code, refusal.value.pointer) == (code, f"/field.{key}")


def test_customers_do_not_find_by_what_they_may_not_see(session: Session, customer: Actor) -> None:
    a_field(session, "risk")
    own = Filters(fields={"risk": "high"}, user_id=customer.id)
    with pytest.raises(Invalid) as refusal:
        ticket_list(session, customer, own, Sort(), 10, None)
    assert refusal.value.code == "unknown_field"


@pytest.fixture
def talks(session: Session, customer: Actor, csr: Actor) -> list[UUID]:
    """Tickets of every status that are talked on in every way, some of it read, over an hour."""
    said: list[list[Actor]] = [[], [customer], [csr], [customer, csr], [csr, customer]]
    made = []
    for number, (status, talk) in enumerate(product(Status, said)):
        ticket = session.get_one(Ticket, a_ticket(session, customer).id)
        for who in talk:
            messages.post(session, who, ticket.id, NewMessage(content="hello"), now())
        session.flush()
        if number % 2:
            reading.mark_read(session, csr, ticket.id, 2)
        if number % 3:
            ticket.assigned_to_id = csr.id
        tickets.set_status(session, csr, ticket, status, now())
        # Two of them share a time, and some a bucket of times.
        ticket.updated_at = MIDDLE + timedelta(minutes=6 * (number // 2 - 5))
        ticket.public_updated_at = ticket.updated_at
        made.append(ticket.id)
    session.flush()
    return made


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    status=st.sampled_from(
        [None, [Status.OPEN], [Status.OPEN, Status.IN_PROGRESS], [Status.IN_PROGRESS, "closed"]]
    ),
    waiting_on=st.sampled_from([None, *Side]),
    unread=st.sampled_from([None, True, False]),
    updated_after=st.sampled_from([None, MIDDLE, MIDDLE - timedelta(microseconds=1)]),
    mine=st.booleans(),
    sort=st.sampled_from(SORTS),
    limit=st.sampled_from([3, 7]),
    near=st.sampled_from([0, 3, 4_000]),
)
def test_filters_together_find_in_pages_what_has_it_all(
    session: Session,
    customer: Actor,
    csr: Actor,
    talks: list[UUID],
    sort: Sort,
    limit: int,
    near: int,
    mine: bool,
    **asked: Any,
) -> None:
    filters = Filters(assigned_to=csr.id if mine else None, **asked)
    wanted = [
        row
        for row in ticket_list(session, csr, EVERYTHING, sort, 100, None).tickets
        if (filters.status is None or row.status in filters.status)
        and (filters.waiting_on is None or row.waiting_on is filters.waiting_on)
        and (filters.unread is None or bool(row.unread) is filters.unread)
        and (filters.updated_after is None or row.updated_at > filters.updated_after)
        and (not mine or row.assigned_to_id == csr.id)
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lists, "REACHES", (near, 64_000))
        assert walk(session, csr, sort, limit, filters=filters) == wanted
    assert count(session, csr, filters) == len(wanted)
    # All of them are one customer's.
    of_customer = filters.model_copy(update={"user_id": customer.id})
    assert count(session, csr, of_customer) == len(wanted)


def test_a_staff_note_does_not_move_a_ticket_in_the_customers_list(
    session: Session, customer: Actor, csr: Actor
) -> None:
    first, second = (a_ticket(session, customer).id for _ in range(2))
    change(session, csr, first, tags=["vip"])
    by_update = Sort("updated_at")
    for who, order in ((customer, [second, first]), (csr, [first, second])):
        page = ticket_list(session, who, Filters(), by_update, 100, None)
        assert [t.id for t in page.tickets] == order
