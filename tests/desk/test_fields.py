"""Custom fields as admins define them."""

from typing import Any

import pytest
from pydantic import ValidationError
from sqlalchemy.orm import Session

from desk.access import Actor
from desk.assignment import routing
from desk.assignment.routing import Change
from desk.errors import Conflict, DeskError, Invalid, NotFound
from desk.tickets import fields, tickets
from desk.tickets.fields import MOST_CHOICES, MOST_FIELDS, FieldChange, FieldView
from desk.tickets.views import TicketView
from models import CustomField, FieldKind
from tests.factories import a_field, now


def change(session: Session, field: FieldView, **sent: Any) -> FieldView:
    return fields.change(session, field.id, FieldChange.model_validate(sent), now())


def used(session: Session, csr: Actor, ticket: TicketView, **values: Any) -> None:
    routing.change(session, csr, ticket.id, Change(fields=values), now())


def refused(session: Session, field: FieldView, **sent: Any) -> tuple[str, str | None]:
    with pytest.raises(DeskError) as error:
        change(session, field, **sent)
    session.expire_all()  # Nothing of it is committed.
    return error.value.code, error.value.pointer


def test_a_field_is_hidden_and_never_required_unless_it_says_so(session: Session) -> None:
    field = a_field(session)
    assert (field.customers, field.required, field.category) == ("hidden", "never", None)
    assert (field.choices, field.removed_at) == ([], None)


@pytest.mark.parametrize(
    "key", ["", "Plan", "1st", "a-b", "a b", "x" * 33, "é", "cause", "content"]
)
def test_a_key_is_a_plain_word_that_events_do_not_have_of_their_own(
    session: Session, key: str
) -> None:
    with pytest.raises(ValidationError):
        a_field(session, key)


def test_there_is_one_field_of_a_key(session: Session) -> None:
    a_field(session)
    with pytest.raises(Conflict) as refusal:
        a_field(session, kind="number")
    assert (refusal.value.code, refusal.value.pointer) == ("key_taken", "/key")


def test_choices_are_texts_or_ids_with_labels(session: Session) -> None:
    field = a_field(session, kind="choice", choices=["gold", {"id": "s", "label": "Silver"}])
    assert [(c.id, c.label, c.archived) for c in field.choices] == [
        ("gold", "gold", False),
        ("s", "Silver", False),
    ]
    with pytest.raises(ValidationError, match="different ids"):
        a_field(session, "other", "choice", choices=["gold", {"id": "gold", "label": "Gold"}])


@pytest.mark.parametrize(("kind", "choices"), [("choice", []), ("choices", []), ("text", ["x"])])
def test_choices_are_for_those_who_choose(session: Session, kind: str, choices: list[str]) -> None:
    with pytest.raises(Invalid) as refusal:
        a_field(session, kind=kind, choices=choices)
    assert refusal.value.pointer == "/choices"


def test_choices_that_are_left_out_are_archived(session: Session) -> None:
    field = a_field(session, kind="choices", choices=["gold", "silver"])
    changed = change(session, field, choices=[{"id": "silver", "label": "Sterling"}, "bronze"])
    assert [(c.id, c.label, c.archived) for c in changed.choices] == [
        ("silver", "Sterling", False),
        ("bronze", "bronze", False),
        ("gold", "gold", True),
    ]
    many = [str(n) for n in range(MOST_CHOICES)]
    assert refused(session, field, choices=many) == ("invalid", "/choices")


def test_nobody_has_to_fill_in_what_they_may_not_write(session: Session) -> None:
    with pytest.raises(Invalid) as refusal:
        a_field(session, customers="read", required="to_open")
    assert refusal.value.pointer == "/required"
    field = a_field(session, customers="write", required="to_open")
    assert refused(session, field, customers="read") == ("invalid", "/required")
    assert change(session, field, customers="read", required="to_resolve").customers == "read"


def test_its_kind_changes_until_a_ticket_has_had_a_value(
    session: Session, csr: Actor, ticket: TicketView
) -> None:
    field = a_field(session, kind="choice", choices=["1"])
    assert change(session, field, kind="number").choices == []
    used(session, csr, ticket, plan=5)
    used(session, csr, ticket, plan=None)
    assert refused(session, field, kind="text") == ("field_in_use", "/kind")
    assert change(session, field, kind="number", label="Level").label == "Level"


def test_one_that_was_never_used_is_deleted(session: Session) -> None:
    field = a_field(session)
    fields.remove(session, field.id, now())
    with pytest.raises(NotFound):
        fields.remove(session, field.id, now())
    assert a_field(session, kind="number").kind is FieldKind.NUMBER


def test_one_that_was_used_is_removed_and_comes_back_with_its_values(
    session: Session, csr: Actor, ticket: TicketView
) -> None:
    field = a_field(session)
    used(session, csr, ticket, plan="gold")
    at = now()
    for _ in range(2):
        fields.remove(session, field.id, at)
    [shown] = fields.fields(session, csr)
    assert shown.removed_at == at
    assert tickets.view(session, csr, tickets.held(session, csr, ticket.id)).fields == {
        "plan": "gold"
    }
    assert change(session, field, removed=False).removed_at is None


def test_customers_know_of_what_they_may_see(session: Session, customer: Actor, csr: Actor) -> None:
    for access in ("hidden", "read", "write"):
        a_field(session, access, customers=access)
    assert [f.key for f in fields.fields(session, csr)] == ["hidden", "read", "write"]
    assert [f.key for f in fields.fields(session, customer)] == ["read", "write"]


def test_there_are_at_most_so_many_that_are_not_removed(session: Session) -> None:
    rows = [
        CustomField(
            key=f"f{n}", label="x", kind="text", customers="hidden", required="never",
            created_at=now(), removed_at=now() if n == 0 else None,
        )
        for n in range(MOST_FIELDS + 1)
    ]  # fmt: skip
    session.add_all(rows)
    with pytest.raises(Conflict) as refusal:
        a_field(session)
    assert refusal.value.code == "too_many_fields"
    assert refused(session, FieldView.of(rows[0]), removed=False)[0] == "too_many_fields"
    fields.remove(session, rows[1].id, now())
    a_field(session)
