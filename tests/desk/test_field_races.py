"""Custom fields that change, or are removed, while tickets are given values of them."""

from functools import partial
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from desk.access import Actor
from desk.assignment import routing
from desk.assignment.routing import Change
from desk.errors import Invalid
from desk.tickets import fields, views
from desk.tickets.fields import FieldChange
from desk.tickets.views import TicketView
from models import Role
from tests.desk.races import overlapping, run
from tests.factories import a_field, a_ticket, an_actor, now


def change(session: Session, actor: Actor, ticket: TicketView, **values: Any) -> TicketView:
    return routing.change(session, actor, ticket.id, Change(fields=values), now())


@pytest.fixture
def committed(own_engine: Engine) -> tuple[Actor, TicketView]:
    return run(own_engine, lambda s: (an_actor(s, Role.CSR), a_ticket(s, an_actor(s))))


def test_a_field_is_not_removed_while_a_value_is_written(
    own_engine: Engine, committed: tuple[Actor, TicketView]
) -> None:
    csr, ticket = committed
    field = run(own_engine, a_field)
    # Never used: it would be deleted, were the first value not on its way.
    overlapping(
        own_engine,
        lambda s: change(s, csr, ticket, plan="gold"),
        lambda s: fields.remove(s, field.id, now()),
    )
    shown = run(own_engine, lambda s: views.show(s, csr, ticket.id))
    [left] = run(own_engine, lambda s: fields.fields(s, csr))
    assert (shown.fields, left.removed_at is None) == ({"plan": "gold"}, False)


def test_a_value_is_not_written_while_its_field_becomes_another(
    own_engine: Engine, committed: tuple[Actor, TicketView]
) -> None:
    csr, ticket = committed
    field = run(own_engine, a_field)
    numbers = FieldChange.model_validate({"kind": "number"})
    _, theirs = overlapping(
        own_engine,
        lambda s: fields.change(s, field.id, numbers, now()),
        lambda s: change(s, csr, ticket, plan="gold"),
    )
    with pytest.raises(Invalid):
        theirs.result()
    assert run(own_engine, lambda s: views.show(s, csr, ticket.id)).fields == {}


def test_two_first_values_of_a_field_do_not_wait_for_each_other_in_a_circle(
    own_engine: Engine, committed: tuple[Actor, TicketView]
) -> None:
    csr, ticket = committed
    for key in ("plan", "risk"):
        run(own_engine, partial(a_field, key=key))
    other = run(own_engine, lambda s: a_ticket(s, an_actor(s)))
    _, theirs = overlapping(
        own_engine,
        lambda s: change(s, csr, ticket, plan="gold", risk="high"),
        lambda s: change(s, csr, other, risk="low", plan="silver"),
    )
    assert theirs.result().fields == {"plan": "silver", "risk": "low"}
