"""The values of custom fields on tickets: who sets what, who sees it, and what has to be set."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from desk.access import Actor, Audience
from desk.assignment import routing
from desk.assignment.routing import Change
from desk.errors import DeskError, Invalid
from desk.events import (
    FieldsChanged,
    StaffFieldsChanged,
    TicketCreated,
    ValueChange,
    texts_of,
)
from desk.tickets import fast_path, fields, tickets, timeline, views
from desk.tickets.field_values import LARGEST
from desk.tickets.fields import FieldChange
from desk.tickets.tickets import NewTicket, OwnChange
from desk.tickets.views import TicketView
from models import CustomField, FieldKind, FieldValue, Status, Ticket
from tests.factories import a_field, a_ticket, an_actor, now

KINDS: dict[str, dict[str, Any]] = {
    kind.value: {"choices": ["gold", "silver"]} if kind.value.startswith("choice") else {}
    for kind in FieldKind
}
GOOD: list[tuple[str, Any]] = [
    ("text", "two\nlines"), ("number", 0), ("number", -2.5), ("number", 0.000001),
    ("boolean", False), ("date", "2026-02-28"), ("choice", "gold"), ("choices", ["silver", "gold"]),
    ("url", "https://example.com/ä?b=c#d"),
]  # fmt: skip
BAD: list[tuple[str, Any]] = [
    ("text", ""), ("text", "x" * 2001), ("text", "\0"), ("text", "\ud800"), ("text", 5),
    ("number", "5"), ("number", True), ("number", 10**15), ("number", 10**400),
    ("number", float("inf")), ("number", float("nan")), ("number", 0.0000001),
    ("boolean", "true"), ("boolean", 1), ("date", "2026-02-30"), ("date", "20260228"),
    ("date", 20260228), ("choice", "bronze"), ("choice", ["gold"]), ("choices", "gold"),
    ("choices", []), ("choices", ["gold", "gold"]), ("choices", ["bronze"]),
    ("url", "javascript:alert(1)"), ("url", "https://"), ("url", "http://a b"), ("url", "//x.y"),
]  # fmt: skip


def change(session: Session, actor: Actor, ticket: TicketView, **values: Any) -> TicketView:
    return routing.change(session, actor, ticket.id, Change(fields=values), now())


def own(session: Session, actor: Actor, ticket: TicketView, **values: Any) -> TicketView:
    return tickets.change_own(session, actor, ticket.id, OwnChange(fields=values), now())


def opened(session: Session, actor: Actor, category: str = "billing", **values: Any) -> TicketView:
    new = {"title": "t", "description": "d", "category": category, "type": "bug", "fields": values}
    return tickets.open_ticket(session, actor, NewTicket.model_validate(new), now())


def told(session: Session, ticket: TicketView, audience: Audience) -> list[tuple[str, Any]]:
    session.flush()
    rows = timeline.after(session, ticket.id, 0, 100, audience)
    return [(row.kind, row.data) for row in rows if row.kind != TicketCreated.kind]


def refusal(rule: Any, *args: Any, **values: Any) -> tuple[str, str | None]:
    with pytest.raises(DeskError) as error:
        rule(*args, **values)
    return error.value.code, error.value.pointer


def every_kind(session: Session) -> None:
    for kind, more in KINDS.items():
        a_field(session, kind, kind, **more)


@pytest.mark.parametrize(("kind", "value"), GOOD)
def test_a_value_of_its_kind_is_set_shown_and_cleared(
    session: Session, csr: Actor, ticket: TicketView, kind: str, value: Any
) -> None:
    every_kind(session)
    assert change(session, csr, ticket, **{kind: value}).fields == {kind: value}
    assert change(session, csr, ticket, **{kind: value}).version == 2
    assert change(session, csr, ticket, **{kind: None}).fields == {}
    assert [data for _, data in told(session, ticket, Audience.STAFF)] == [
        {kind: {"from": None, "to": value}},
        {kind: {"from": value, "to": None}},
    ]


@pytest.mark.parametrize(("kind", "value"), BAD)
def test_a_value_of_another_kind_is_refused(
    session: Session, csr: Actor, ticket: TicketView, kind: str, value: Any
) -> None:
    every_kind(session)
    with pytest.raises(Invalid) as error:
        change(session, csr, ticket, **{kind: value})
    assert error.value.pointer == f"/fields/{kind}"


@pytest.mark.parametrize("value", [{}, [1], [None], ["x"] * 51])
def test_what_no_field_takes_is_refused_before_any_is_looked_at(value: Any) -> None:
    assert refusal(Change, fields={"plan": value}) == ("invalid", "/fields/plan")


def test_whole_numbers_are_stored_alike(session: Session, csr: Actor, ticket: TicketView) -> None:
    a_field(session, kind="number")
    assert str(change(session, csr, ticket, plan=5.0).fields) == "{'plan': 5}"
    assert change(session, csr, ticket, plan=5).version == 2


def test_what_customers_see_and_what_they_do_not_are_two_events(
    session: Session, customer: Actor, csr: Actor, ticket: TicketView
) -> None:
    a_field(session, "plan", customers="read")
    a_field(session, "risk")
    seen = change(session, csr, ticket, plan="gold", risk="high")
    assert seen.fields == {"plan": "gold", "risk": "high"}
    public = (FieldsChanged.kind, {"plan": {"from": None, "to": "gold"}})
    internal = (StaffFieldsChanged.kind, {"risk": {"from": None, "to": "high"}})
    assert told(session, ticket, Audience.STAFF) == [public, internal]
    assert told(session, ticket, Audience.CUSTOMER) == [public]
    theirs = views.show(session, customer, ticket.id)
    assert (theirs.fields, theirs.version) == ({"plan": "gold"}, 2)
    assert seen.version == 3


def test_customers_set_what_they_may_write_and_learn_of_nothing_else(
    session: Session, customer: Actor, ticket: TicketView
) -> None:
    for access in ("hidden", "read", "write"):
        a_field(session, access, customers=access)
    assert own(session, customer, ticket, write="x").fields == {"write": "x"}
    unknown = refusal(own, session, customer, ticket, nothing="x")
    assert unknown == ("unknown_field", "/fields/nothing")
    assert refusal(own, session, customer, ticket, hidden="x") == (unknown[0], "/fields/hidden")
    assert refusal(own, session, customer, ticket, read="x") == ("field_read_only", "/fields/read")
    stranger = an_actor(session)
    assert refusal(own, session, stranger, ticket, write="y")[0] == "ticket_not_found"


def test_a_field_that_becomes_hidden_is_not_shown_any_more(
    session: Session, customer: Actor, csr: Actor, ticket: TicketView
) -> None:
    field = a_field(session, customers="read")
    change(session, csr, ticket, plan="gold")
    fields.change(session, field.id, FieldChange.model_validate({"customers": "hidden"}), now())
    session.flush()
    assert views.show(session, customer, ticket.id).fields == {}
    assert views.show(session, csr, ticket.id).fields == {"plan": "gold"}


def test_a_removed_field_takes_no_values_and_keeps_those_that_there_are(
    session: Session, csr: Actor, ticket: TicketView
) -> None:
    field = a_field(session)
    change(session, csr, ticket, plan="gold")
    fields.remove(session, field.id, now())
    for value in ("silver", None):
        refused = refusal(change, session, csr, ticket, plan=value)
        assert refused == ("field_removed", "/fields/plan")
    assert views.show(session, csr, ticket.id).fields == {"plan": "gold"}
    assert told(session, ticket, Audience.STAFF)[-1][1] == {"plan": {"from": None, "to": "gold"}}


def test_an_archived_choice_stays_where_it_is_and_is_not_chosen_anew(
    session: Session, csr: Actor, customer: Actor, ticket: TicketView
) -> None:
    field = a_field(session, kind="choices", choices=["gold", "silver"])
    change(session, csr, ticket, plan=["gold"])
    changes = FieldChange.model_validate({"choices": ["silver"]})
    fields.change(session, field.id, changes, now())
    assert change(session, csr, ticket, plan=["gold", "silver"]).fields["plan"] == [
        "gold",
        "silver",
    ]
    other = a_ticket(session, customer)
    assert refusal(change, session, csr, other, plan=["gold"])[1] == "/fields/plan"


def test_all_values_of_a_ticket_have_a_bound(
    session: Session, csr: Actor, ticket: TicketView
) -> None:
    keys = [f"f{n}" for n in range(LARGEST // 2000 + 1)]
    for key in keys:
        a_field(session, key)
    refused = refusal(change, session, csr, ticket, **dict.fromkeys(keys, "x" * 2000))
    assert refused == ("fields_too_large", "/fields")


def test_a_ticket_is_opened_with_values_which_follow_in_its_timeline(
    session: Session, customer: Actor
) -> None:
    a_field(session, customers="write")
    ticket = opened(session, customer, plan="gold")
    assert (ticket.fields, ticket.seq) == ({"plan": "gold"}, 2)
    [event] = told(session, ticket, Audience.CUSTOMER)
    assert event == (FieldsChanged.kind, {"plan": {"from": None, "to": "gold"}})


def test_what_is_required_to_open_is_asked_of_tickets_of_its_category(
    session: Session, customer: Actor
) -> None:
    required = {"customers": "write", "required": "to_open"}
    a_field(session, "order", kind="boolean", category="billing", **required)
    assert refusal(opened, session, customer) == ("field_required", "/fields/order")
    assert refusal(opened, session, customer, order=None) == ("field_required", "/fields/order")
    assert opened(session, customer, order=False).fields == {"order": False}
    assert opened(session, customer, "sales").fields == {}


@pytest.mark.parametrize("category", ["billing", None])
def test_the_fast_path_leaves_tickets_with_fields_to_the_rule(
    session: Session, customer: Actor, category: str | None
) -> None:
    a_field(session, customers="write", required="to_open", category=category)
    new = {"title": "t", "description": "d", "category": "billing", "type": "bug"}
    for asked in (new, new | {"fields": {"plan": "gold"}}):
        single = fast_path.opening(customer, NewTicket.model_validate(asked))
        assert single.statement.all(session, **single.values) == []
    session.query(CustomField).update({"removed_at": now()})
    single = fast_path.opening(customer, NewTicket.model_validate(new))
    assert len(single.statement.all(session, **single.values)) == 1


def test_what_is_required_to_resolve_may_come_with_the_status(
    session: Session, csr: Actor, ticket: TicketView
) -> None:
    a_field(session, required="to_resolve")
    resolve = {"status": "resolved"}

    def asked(**sent: Any) -> TicketView:
        return routing.change(session, csr, ticket.id, Change.model_validate(sent), now())

    assert refusal(asked, **resolve) == ("field_required", "/fields/plan")
    assert session.get_one(Ticket, ticket.id).status is Status.OPEN
    assert asked(**resolve, fields={"plan": "gold"}).status is Status.RESOLVED
    assert asked(fields={"plan": None}).fields == {}


def test_the_words_of_values_are_found(session: Session, csr: Actor, ticket: TicketView) -> None:
    event = StaffFieldsChanged(
        changes={
            "a": ValueChange(from_="old", to="new words"),
            "b": ValueChange(from_=None, to=["gold", "silver"]),
            "c": ValueChange(from_="gone", to=None),
        }
    )
    row = session.get_one(Ticket, ticket.id)
    assert event.words(row) == "new words\ngold\nsilver"


PLANS = st.sampled_from(("gold", "silver"))
VALUES = st.fixed_dictionaries(
    {},
    optional={
        "text": st.none() | st.text("ab \n", min_size=1, max_size=3).map("x".__add__)
        | st.just("y" * 201),
        "number": st.none() | st.integers(-(10**6), 10**6)
        | st.decimals(-9, 9, places=6).map(float),
        "boolean": st.none() | st.booleans(),
        "date": st.none() | st.dates().map(str),
        "choice": st.none() | PLANS,
        "choices": st.none() | st.lists(PLANS, min_size=1, unique=True),
        "url": st.sampled_from((None, "https://example.com/")),
    },
)  # fmt: skip


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(VALUES, min_size=1, max_size=4))
def test_lists_find_what_tickets_show(
    session: Session, csr: Actor, ticket: TicketView, changes: list[dict[str, Any]]
) -> None:
    with session.begin_nested() as example:
        every_kind(session)
        for values in changes:
            shown = change(session, csr, ticket, **values)
        stored = (
            select(CustomField.key, FieldValue.value)
            .join(CustomField, CustomField.number == FieldValue.field_number)
            .where(FieldValue.ticket_id == ticket.id)
        )
        assert {tuple(row) for row in session.execute(stored)} == {
            (key, text)
            for key, value in shown.fields.items()
            for text in texts_of(value)
            if len(text) <= 200
        }
        example.rollback()
