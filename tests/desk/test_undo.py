"""Undo: what was done at once is taken back as one, unless somebody has touched it since."""

from datetime import timedelta
from random import Random
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy.orm import Session

from desk.access import Actor
from desk.actions import undo
from desk.actions.batches import Done
from desk.actions.undo import Undo, Undone
from desk.assignment import assignment, routing
from desk.assignment.assignment import Strategy
from desk.errors import Conflict, Forbidden, Invalid, NotFound
from desk.tickets import messages, snooze
from desk.tickets.messages import NewMessage
from desk.tickets.snooze import Snooze
from desk.tickets.views import TicketView
from models import Role, Ticket
from tests.desk.using_macros import a_macro, a_team, apply, version
from tests.factories import a_field, a_ticket, an_actor, now

# What a ticket shows of itself that a macro may change.
CHANGING = (
    *("status", "priority", "category", "tags", "fields"),
    *("team_id", "assigned_to_id", "required_skills", "resolved_at", "closed_at"),
)


def state(session: Session, ticket: TicketView) -> dict[str, Any]:
    session.flush()
    row = session.get_one(Ticket, ticket.id)
    return {name: getattr(row, name) for name in CHANGING}


def batch_of(done: Done | Undone) -> UUID:
    events = done.done.events if isinstance(done, Undone) else done.events
    [batch] = {event.cause["batch"] for event in events if event.cause}
    return UUID(batch)


def take_back(session: Session, actor: Actor, ticket: TicketView, done: Done | Undone) -> Undone:
    return undo.undo(session, actor, ticket.id, Undo(batch=batch_of(done)), None)


def change(session: Session, actor: Actor, ticket: TicketView, **sent: Any) -> None:
    routing.change(session, actor, ticket.id, routing.Change.model_validate(sent), None)


def touched(session: Session, actor: Actor, ticket: TicketView, done: Done) -> set[str]:
    """What the refusal says has changed since."""
    stands = version(session, ticket)
    with pytest.raises(Conflict) as error:
        take_back(session, actor, ticket, done)
    assert (error.value.code, version(session, ticket)) == ("changed_since", stands)
    errors: Any = error.value.members["errors"]
    return {each["pointer"] for each in errors}


@pytest.mark.parametrize("status", ["in_progress", "resolved", "closed"])
def test_all_is_as_it_was(session: Session, csr: Actor, ticket: TicketView, status: str) -> None:
    for key in ("plan", "risk"):
        a_field(session, key, customers="read" if key == "plan" else "hidden")
    first_team, second_team = a_team(session, csr), a_team(session, csr)
    other = an_actor(session, Role.CSR)
    before = {"status": "in_progress", "priority": "low", "tags": ["a", "b"]}
    fields = {"plan": "gold"}
    change(session, csr, ticket, **before, team_id=first_team, assignee_id=other.id, fields=fields)
    stood = state(session, ticket)
    todo = {
        "status": status,
        "priority": None,
        "category": "technical",
        "tags_add": ["c"],
        "tags_remove": ["b"],
        "team_id": str(second_team),
        "required_skills": ["german"],
        "fields": {"plan": None, "risk": "high"},
    }
    done = apply(session, csr, ticket, a_macro(session, csr, set=todo))
    undone = take_back(session, csr, ticket, done)
    assert state(session, ticket) == stood
    assert undone.messages_kept == 1
    cause = {"type": "undo", "id": str(batch_of(done)), "batch": str(batch_of(undone))}
    assert [event.cause for event in undone.done.events] == [cause] * len(undone.done.events)
    assert "message_posted" not in {event.kind for event in undone.done.events}


def test_a_snooze_is_undone_by_waking_and_touched_by_another(
    session: Session, csr: Actor, ticket: TicketView
) -> None:
    change(session, csr, ticket, assignee_id=csr.id)
    macro = a_macro(session, csr, message=None, set={"snooze": {"minutes": 60}})
    done = apply(session, csr, ticket, macro)
    assert done.ticket.snoozed_until
    assert done.ticket.snoozed_until > now() + timedelta(minutes=50)
    [woke] = take_back(session, csr, ticket, done).done.events
    assert (woke.kind, woke.data) == ("woke", {"by": str(csr.id)})
    done = apply(session, csr, ticket, macro)
    later = Snooze(until=now() + timedelta(days=1))
    snooze.snooze(session, csr, ticket.id, later, now())
    assert touched(session, csr, ticket, done) == {"/snooze"}


def test_what_is_resolved_cannot_sleep_and_so_is_not_saved(session: Session, csr: Actor) -> None:
    todo = {"status": "resolved", "snooze": {"minutes": 5}}
    with pytest.raises(Invalid) as refused:
        a_macro(session, csr, set=todo)
    assert refused.value.pointer == "/set/snooze"


def test_once_and_an_undo_may_be_undone(session: Session, csr: Actor, ticket: TicketView) -> None:
    macro = a_macro(session, csr, message=None, set={"status": "resolved", "tags_add": ["vip"]})
    done = apply(session, csr, ticket, macro)
    stood = {**state(session, ticket), "resolved_at": None}
    undone = take_back(session, csr, ticket, done)
    stands = version(session, ticket)
    assert take_back(session, csr, ticket, done).done.events == undone.done.events
    assert version(session, ticket) == stands
    take_back(session, csr, ticket, undone)
    assert {**state(session, ticket), "resolved_at": None} == stood


def test_what_was_changed_since_is_named(session: Session, csr: Actor, ticket: TicketView) -> None:
    a_field(session, "plan")
    todo = {"priority": "high", "tags_add": ["a/b", "c"], "fields": {"plan": "gold"}}
    done = apply(session, csr, ticket, a_macro(session, csr, set={**todo, "category": "other"}))
    change(session, csr, ticket, priority="low", tags=["c", "d"], fields={"plan": "none"})
    # As it was, but not by nobody.
    change(session, csr, ticket, priority="high")
    assert touched(session, csr, ticket, done) == {"/priority", "/tags/a~1b", "/fields/plan"}


def test_what_else_was_changed_since_stays(
    session: Session, csr: Actor, ticket: TicketView
) -> None:
    done = apply(session, csr, ticket, a_macro(session, csr, set={"tags_add": ["vip"]}))
    change(session, csr, ticket, tags=["vip", "late"], priority="high")
    messages.post(session, csr, ticket.id, NewMessage(content="And?"), None)
    take_back(session, csr, ticket, done)
    stands = state(session, ticket)
    assert (stands["tags"], stands["priority"]) == (["late"], "high")


def test_a_customers_answer_touches_the_status(
    session: Session, csr: Actor, customer: Actor, ticket: TicketView
) -> None:
    done = apply(session, csr, ticket, a_macro(session, csr, set={"status": "resolved"}))
    messages.post(session, customer, ticket.id, NewMessage(content="No"), None)
    assert touched(session, csr, ticket, done) == {"/status"}


def test_whom_the_desk_has_given_it_to_loses_it(
    session: Session, csr: Actor, ticket: TicketView
) -> None:
    """Moved to a team by mistake: the desk gives it to a member at once."""
    change(session, csr, ticket, assignee_id=csr.id)
    team_id = a_team(session, an_actor(session, Role.CSR))
    done = apply(session, csr, ticket, a_macro(session, csr, set={"team_id": str(team_id)}))
    strategy = Strategy.ROUND_ROBIN
    assert assignment.drain(session, strategy, now(), Random(1), team_id=team_id) == 1
    take_back(session, csr, ticket, done)
    stands = state(session, ticket)
    assert (stands["team_id"], stands["assigned_to_id"]) == (None, csr.id)


def test_who_may_undo(session: Session, csr: Actor, ticket: TicketView) -> None:
    done = apply(session, csr, ticket, a_macro(session, csr, set={"priority": "high"}))
    with pytest.raises(Forbidden):
        take_back(session, an_actor(session, Role.CSR), ticket, done)
    with pytest.raises(NotFound):
        take_back(session, csr, a_ticket(session, an_actor(session)), done)
    with pytest.raises(NotFound):
        undo.undo(session, csr, ticket.id, Undo(batch=uuid4()), None)
    take_back(session, an_actor(session, Role.ADMIN), ticket, done)
    assert state(session, ticket)["priority"] is None
