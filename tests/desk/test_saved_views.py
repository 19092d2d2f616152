"""Views: who has them and writes them, what they ask for, and what is counted of them."""

from collections.abc import Callable, Sequence
from random import Random
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from sqlalchemy import Engine, func, select, update
from sqlalchemy.orm import Session

from desk.access import Actor
from desk.errors import Conflict, Forbidden, Invalid, NotFound
from desk.outbox import ViewChanged, outbox
from desk.tickets import field_values, messages, reading, saved_views, tickets
from desk.tickets.filters import Filters
from desk.tickets.keyset import Sort
from desk.tickets.lists import ticket_list
from desk.tickets.matching import facts_of, may_hold
from desk.tickets.messages import NewMessage
from desk.tickets.saved_views import MOST_VIEWS, NewView, ViewChange, ViewQuery, ViewShown
from desk.tickets.view_counts import counts, is_counted
from desk.tickets.views import Side, TicketRow
from models import Priority, Role, Status, Ticket, View
from tests.desk.races import overlapping, run
from tests.factories import a_field, a_ticket, an_actor, now

BUILT_IN = ["needs_reply", "mine", "unassigned", "open", "snoozed", "resolved", "closed"]


@pytest.fixture
def admin(session: Session) -> Actor:
    return an_actor(session, Role.ADMIN)


def a_view(session: Session, actor: Actor, **fields: Any) -> ViewShown:
    new = NewView.model_validate({"name": "Mine", "query": {"tag": "vip"}} | fields)
    return saved_views.add(session, actor, new, now())


def ids(session: Session, actor: Actor) -> list[str]:
    return [view.id for view in saved_views.views(session, actor)]


def test_everybody_has_the_built_in_views_the_shared_ones_and_their_own(
    session: Session, csr: Actor, admin: Actor
) -> None:
    own, shared = a_view(session, csr), a_view(session, admin, shared=True)
    assert ids(session, csr) == [*BUILT_IN, shared.id, own.id]
    assert ids(session, admin) == [*BUILT_IN, shared.id]
    assert (own.shared, shared.shared) == (False, True)
    assert own.query == {"tag": "vip"}


def test_only_admins_write_shared_views_and_nobody_those_of_others(
    session: Session, csr: Actor, admin: Actor
) -> None:
    own = UUID(a_view(session, csr).id)
    shared = UUID(a_view(session, admin, shared=True).id)
    renamed = ViewChange(name="Renamed")
    not_by_a_csr: list[Callable[[], object]] = [
        lambda: a_view(session, csr, shared=True),
        lambda: saved_views.change(session, csr, shared, renamed),
        lambda: saved_views.remove(session, csr, shared),
        lambda: saved_views.change(session, csr, own, ViewChange(shared=True)),
    ]
    not_by_others: list[Callable[[], object]] = [
        lambda: saved_views.change(session, admin, own, renamed),
        lambda: saved_views.remove(session, admin, own),
        lambda: saved_views.chosen(session, admin, [str(own)]),
    ]
    for attempts, error in ((not_by_a_csr, Forbidden), (not_by_others, NotFound)):
        for attempt in attempts:
            with pytest.raises(error):
                attempt()
    assert saved_views.change(session, admin, shared, renamed).name == "Renamed"
    assert saved_views.change(session, csr, own, renamed).name == "Renamed"
    saved_views.remove(session, csr, own)
    saved_views.remove(session, admin, shared)
    assert ids(session, csr) == BUILT_IN
    assert [each.query for each in outbox(session).views] == [None, None]


def test_a_view_that_asks_for_something_else_is_told_to_those_who_watch_it(
    session: Session, admin: Actor
) -> None:
    view_id = UUID(a_view(session, admin, shared=True).id)
    changes = ViewChange.model_validate({"query": {"category": "billing"}})
    assert saved_views.change(session, admin, view_id, changes).query == {"category": "billing"}
    own = saved_views.change(session, admin, view_id, ViewChange(shared=False))
    assert not own.shared
    assert outbox(session).views == [
        ViewChanged(view_id, {"category": "billing"}),
        ViewChanged(view_id, None, but_for=admin.id),
    ]


def test_there_are_at_most_fifty_of_ones_own_and_fifty_shared(
    session: Session, csr: Actor, admin: Actor
) -> None:
    for _ in range(MOST_VIEWS):
        a_view(session, csr)
        last = a_view(session, admin, shared=True)
    for actor, shared in ((csr, False), (admin, True)):
        with pytest.raises(Conflict) as refused:
            a_view(session, actor, shared=shared)
        assert refused.value.code == "too_many_views"
    own = UUID(a_view(session, admin).id)
    with pytest.raises(Conflict):
        saved_views.change(session, admin, own, ViewChange(shared=True))
    saved_views.remove(session, admin, UUID(last.id))
    assert saved_views.change(session, admin, own, ViewChange(shared=True)).shared


def test_two_at_once_do_not_make_the_fifty_first(own_engine: Engine) -> None:
    csr = run(own_engine, lambda session: an_actor(session, Role.CSR))
    for _ in range(MOST_VIEWS - 1):
        run(own_engine, lambda session: a_view(session, csr))
    _, second = overlapping(
        own_engine, lambda session: a_view(session, csr), lambda session: a_view(session, csr)
    )
    with pytest.raises(Conflict):
        second.result()
    owned = select(func.count()).where(View.owner_id == csr.id)
    assert run(own_engine, lambda session: session.scalar(owned)) == MOST_VIEWS


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"status": ["OPEN"]}, "status"),
        ({"assigned_to": "you"}, "assigned_to"),
        ({"sort": "title"}, "sort"),
        ({"limit": 5}, "limit"),
        ({"cursor": "x"}, "cursor"),
        ({"tag": "a\0"}, "tag"),
        ({"q": "\ud800"}, "q"),
        ({"unassigned": "perhaps"}, "unassigned"),
        ({"unassigned": "yes"}, "unassigned"),
        ({"unread": 1}, "unread"),
        ({"updated_after": 1767225600}, "updated_after"),
        ({"updated_after": 0.5}, "updated_after"),
    ],
)
def test_a_query_is_refused_as_a_list_would_refuse_it(query: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationError) as refused:
        NewView.model_validate({"name": "x", "query": query})
    assert refused.value.errors()[0]["loc"][:2] == ("query", field)


def test_a_view_asks_of_custom_fields_in_their_own_words(session: Session, csr: Actor) -> None:
    a_field(session, "seats", "number")
    view = a_view(session, csr, query={"field.seats": "5.0", "tag": "vip"})
    assert (view.query, view.live) == ({"field.seats": "5", "tag": "vip"}, True)
    with pytest.raises(Invalid) as refusal:
        a_view(session, csr, query={"field.seats": "five"})
    assert refusal.value.pointer == "/query/field.seats"


def test_what_only_a_newer_process_knows_is_shown_and_neither_live_nor_counted(
    session: Session, csr: Actor
) -> None:
    view = session.get_one(View, UUID(a_view(session, csr).id))
    view.query = {"mood": "angry"}
    session.flush()
    [*_, shown] = saved_views.views(session, csr)
    assert (shown.query, shown.live, shown.count) == ({"mood": "angry"}, False, None)


def test_what_is_over_and_what_is_searched_for_is_not_counted(session: Session, csr: Actor) -> None:
    a_view(session, csr, query={"status": ["open"], "q": "printer"})
    a_view(session, csr, query={"tag": "vip"})
    shown = saved_views.views(session, csr)
    counted = [view.name for view in shown if view.count is not None]
    assert counted == ["Needs reply", "Mine", "Unassigned", "Open", "Snoozed"]
    assert [view.live for view in shown[-2:]] == [False, True]


def test_a_reply_takes_a_ticket_out_of_what_needs_one(session: Session, csr: Actor) -> None:
    customer = an_actor(session)
    ticket_id = a_ticket(session, customer).id
    session.execute(update(Ticket).where(Ticket.id == ticket_id).values(assigned_to_id=csr.id))

    def numbers() -> dict[str, tuple[int | None, int | None]]:
        return {v.id: (v.count, v.unread) for v in saved_views.views(session, csr)[:4]}

    assert numbers()["needs_reply"] == (1, 0)
    messages.post(session, customer, ticket_id, NewMessage(content="Hello?"), now())
    assert numbers()["needs_reply"] == (1, 1)
    messages.post(session, csr, ticket_id, NewMessage(content="Hello!"), now())
    assert numbers() == {
        "needs_reply": (0, 0),
        "mine": (1, 1),
        "unassigned": (0, 0),
        "open": (1, 1),
    }
    reading.mark_read(session, csr, ticket_id, 3)
    assert numbers()["mine"] == (1, 0)


LABELS, TAGS, PARTS = ("billing", "häuser"), ("a", "vip"), ("lid", "jar")


def a_desk(session: Session, seed: int) -> tuple[Actor, list[Actor]]:
    """Some tickets in all states, of which somebody has read and written; and that somebody."""
    random = Random(seed)
    staff = [an_actor(session, Role.CSR) for _ in range(2)]
    # Staff open tickets, too.
    customers = [an_actor(session), staff[0]]
    a_field(session)
    a_field(session, "parts", "choices", choices=[*PARTS])
    for _ in range(8):
        ticket = a_ticket(
            session,
            random.choice(customers),
            category=random.choice(LABELS),
            type=random.choice(LABELS),
        )
        row = session.get_one(Ticket, ticket.id)
        row.assigned_to_id = random.choice([None, *(csr.id for csr in staff)])
        row.priority = random.choice([None, *Priority])
        row.tags = random.sample(TAGS, random.randint(0, 2))
        session.flush()
        parts = random.sample(PARTS, random.randint(0, 2)) or None
        values = {"plan": random.choice([None, *TAGS]), "parts": parts}
        field_values.set_fields(session, staff[1], row, values, now())
        for _ in range(random.randint(0, 3)):
            author = random.choice([Actor(row.user_id, Role.USER), *staff])
            internal = author in staff and random.random() < 0.4
            new = NewMessage(content="x", internal=internal)
            messages.post(session, author, ticket.id, new, now())
        if random.random() < 0.5:
            reading.mark_read(session, staff[0], ticket.id, random.randint(1, 4))
        tickets.set_status(session, staff[1], row, random.choice([*Status]), now())
        if random.random() < 0.3:  # As an older version has left it.
            row.last_said_seq = row.last_said_by = None
        session.flush()
    return staff[0], [*customers, *staff]


def queries() -> st.SearchStrategy[dict[str, Any]]:
    person = st.integers(0, 3)
    return st.fixed_dictionaries(
        {},
        optional={
            "status": st.lists(st.sampled_from([*Status]), max_size=4),
            "category": st.sampled_from(LABELS),
            "type": st.sampled_from(LABELS),
            "unassigned": st.booleans(),
            "assigned_to": st.just("me") | person,
            "priority": st.sampled_from([*Priority]),
            "tag": st.sampled_from(TAGS),
            "user_id": person,
            "waiting_on": st.sampled_from([*Side]),
            "unread": st.booleans(),
            "field.plan": st.sampled_from(TAGS),
            "field.parts": st.sampled_from(PARTS),
            "updated_after": st.sampled_from(["2000-01-01T00:00:00Z", "2100-01-01T00:00:00Z"]),
        },
    )


def with_people(chosen: dict[str, Any], people: list[Actor]) -> dict[str, Any]:
    """With their ids in place of their numbers."""
    numbers = {n: v for n, v in chosen.items() if n in ("assigned_to", "user_id") and v != "me"}
    return chosen | {name: people[number].id for name, number in numbers.items()}


def whole_list(session: Session, actor: Actor, filters: Filters) -> Sequence[TicketRow]:
    return ticket_list(session, actor, filters, Sort(), 100, None).tickets


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(seed=st.integers(0, 2**16), asked=st.lists(queries(), min_size=1, max_size=12))
def test_a_list_what_is_counted_and_what_python_matches_are_the_same(
    session: Session, seed: int, asked: list[dict[str, Any]]
) -> None:
    with session.begin_nested() as nested:
        me, people = a_desk(session, seed)
        everything = whole_list(session, me, Filters())
        views = [ViewQuery.model_validate(with_people(chosen, people)) for chosen in asked]
        lists = [view.asked_by(me.id) for view in views]
        counted = [each for each in lists if is_counted(each)]
        numbers = iter(counts(session, me.id, counted))
        for chosen, view, each in zip(asked, views, lists, strict=True):
            listed = whole_list(session, me, view.filters(me.id))
            matched = [row for row in everything if may_hold(each, facts_of(row) or {})]
            assert {row.id for row in listed} == {row.id for row in matched}, chosen
            if is_counted(each):
                number = next(numbers)
                assert number.count == len(listed), chosen
                assert number.unread == sum(row.unread > 0 for row in listed), chosen
        nested.rollback()
