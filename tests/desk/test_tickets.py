"""Opening tickets and changing them."""

from datetime import timedelta

import pytest
from pydantic import ValidationError
from sqlalchemy.orm import Session

from desk.access import Actor
from desk.assignment import routing
from desk.assignment.routing import Change
from desk.errors import Conflict, NotFound, Stale
from desk.events import CategoryChanged, PriorityChanged, StatusChanged, TagsChanged, TicketCreated
from desk.jobs import Job
from desk.outbox import outbox
from desk.rows import EventRow
from desk.tickets import messages, tickets, timeline
from desk.tickets.messages import NewMessage
from desk.tickets.tickets import TRANSITIONS
from desk.tickets.views import TicketView
from models import Priority, Status, Ticket
from tests.factories import a_ticket, an_actor, now


def change(session: Session, actor: Actor, ticket: TicketView, **sent: object) -> TicketView:
    return routing.change(session, actor, ticket.id, Change.model_validate(sent), now())


def events(session: Session, ticket: TicketView) -> list[EventRow]:
    session.flush()
    return list(timeline.after(session, ticket.id, 0, 100))


def last(session: Session, ticket: TicketView) -> tuple[str, dict[str, object]]:
    newest = events(session, ticket)[-1]
    return newest.kind, newest.data


def test_a_new_ticket_is_open_unassigned_and_begins_its_timeline(
    session: Session, customer: Actor
) -> None:
    ticket = a_ticket(session, customer)
    assert (ticket.status, ticket.priority, ticket.assigned_to_id) == (Status.OPEN, None, None)
    assert (ticket.seq, ticket.version, ticket.unread, ticket.tags) == (1, 1, 0, [])
    assert [e.kind for e in events(session, ticket)] == [TicketCreated.kind]
    assert outbox(session).wakes == {Job.DRAIN_ASSIGNMENT}


def test_later_tickets_have_higher_numbers(session: Session, customer: Actor) -> None:
    first, second = (a_ticket(session, customer) for _ in range(2))
    assert first.number < second.number
    assert first.id < second.id


@pytest.mark.parametrize("before", Status)
@pytest.mark.parametrize("after", Status)
def test_status_moves_only_where_the_contract_lets_it(
    session: Session, csr: Actor, ticket: TicketView, before: Status, after: Status
) -> None:
    allowed = {
        ("open", "in_progress"), ("open", "resolved"), ("open", "closed"),
        ("in_progress", "open"), ("in_progress", "resolved"), ("in_progress", "closed"),
        ("resolved", "open"), ("resolved", "in_progress"), ("resolved", "closed"),
        ("closed", "open"),
    }  # fmt: skip
    ticket = change(session, csr, ticket, status=before)
    if before is after:
        assert change(session, csr, ticket, status=after).version == ticket.version
    elif (before, after) in allowed:
        assert change(session, csr, ticket, status=after).status is after
        assert last(session, ticket) == (StatusChanged.kind, {"from": before, "to": after})
    else:
        with pytest.raises(Conflict) as refused:
            change(session, csr, ticket, status=after)
        assert refused.value.code == "invalid_transition"
        assert session.get_one(Ticket, ticket.id).status is before


def test_every_status_has_its_transitions() -> None:
    assert TRANSITIONS.keys() == set(Status)


def test_times_tell_when_it_was_resolved_or_closed_and_reopening_takes_them_back(
    session: Session, csr: Actor, ticket: TicketView
) -> None:
    resolved = change(session, csr, ticket, status="resolved")
    assert resolved.resolved_at == resolved.updated_at
    assert resolved.closed_at is None
    closed = change(session, csr, ticket, status="closed")
    assert closed.closed_at == closed.updated_at
    reopened = change(session, csr, ticket, status="open")
    assert (reopened.resolved_at, reopened.closed_at) == (None, None)


def test_priority_is_set_and_null_clears_it(
    session: Session, csr: Actor, ticket: TicketView
) -> None:
    assert change(session, csr, ticket, priority="high").priority is Priority.HIGH
    assert last(session, ticket) == (PriorityChanged.kind, {"from": None, "to": "high"})
    assert change(session, csr, ticket, status="in_progress").priority is Priority.HIGH
    assert change(session, csr, ticket, priority=None).priority is None
    assert last(session, ticket) == (PriorityChanged.kind, {"from": "high", "to": None})


def test_tags_are_kept_once_each_and_the_event_tells_the_difference(
    session: Session, csr: Actor, ticket: TicketView
) -> None:
    assert change(session, csr, ticket, tags=["vip", " vip ", "eu"]).tags == ["vip", "eu"]
    assert last(session, ticket) == (TagsChanged.kind, {"added": ["vip", "eu"], "removed": []})
    assert change(session, csr, ticket, tags=["eu", "late"]).tags == ["eu", "late"]
    assert last(session, ticket) == (
        TagsChanged.kind,
        {"added": ["late"], "removed": ["vip"]},
    )


def test_twenty_tags_are_taken_and_twenty_one_are_not() -> None:
    twenty = [f"{n:032}" for n in range(20)]
    assert Change.model_validate({"tags": twenty}).tags == twenty
    with pytest.raises(ValidationError):
        Change.model_validate({"tags": [*twenty, "more"]})


def test_category_changes_as_an_event(session: Session, csr: Actor, ticket: TicketView) -> None:
    assert change(session, csr, ticket, category=" shipping ").category == "shipping"
    assert last(session, ticket) == (
        CategoryChanged.kind,
        {"from": "billing", "to": "shipping"},
    )


def test_each_field_of_one_change_is_an_event_of_its_own(
    session: Session, csr: Actor, ticket: TicketView
) -> None:
    change(session, csr, ticket, status="in_progress", priority="low", tags=["a"], category="b")
    assert [(e.seq, e.kind) for e in events(session, ticket)][1:] == [
        (2, StatusChanged.kind),
        (3, PriorityChanged.kind),
        (4, TagsChanged.kind),
        (5, CategoryChanged.kind),
    ]


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"status": "open"},
        {"priority": None},
        {"tags": []},
        {"category": "billing"},
        {"status": "open", "priority": None, "tags": [], "category": " billing"},
    ],
)
def test_what_is_so_already_is_no_event(
    session: Session, csr: Actor, ticket: TicketView, sent: dict[str, object]
) -> None:
    assert change(session, csr, ticket, **sent) == ticket_as(session, csr, ticket)
    assert len(events(session, ticket)) == 1


def ticket_as(session: Session, actor: Actor, ticket: TicketView) -> TicketView:
    return tickets.view(session, actor, session.get_one(Ticket, ticket.id))


def test_a_change_of_several_fields_is_refused_as_a_whole_where_one_is_not_allowed(
    session: Session, csr: Actor, ticket: TicketView
) -> None:
    change(session, csr, ticket, status="closed")
    with pytest.raises(Conflict), session.begin_nested():
        change(session, csr, ticket, priority="high", status="in_progress")
    assert ticket_as(session, csr, ticket).priority is None


def test_a_change_needs_the_version_that_was_seen(
    session: Session, csr: Actor, ticket: TicketView
) -> None:
    wanted = Change.model_validate({"priority": "low"})
    with pytest.raises(Stale) as refused:
        routing.change(session, csr, ticket.id, wanted, now(), {ticket.version + 1})
    assert refused.value.code == "version_mismatch"
    changed = routing.change(session, csr, ticket.id, wanted, now(), {ticket.version})
    assert changed.version == ticket.version + 1
    with pytest.raises(Stale):
        routing.change(session, csr, ticket.id, wanted, now(), {ticket.version})


def test_a_note_is_a_new_version_too(session: Session, csr: Actor, ticket: TicketView) -> None:
    messages.post(session, csr, ticket.id, NewMessage(content="hm", internal=True), now())
    wanted = Change.model_validate({"priority": "low"})
    with pytest.raises(Stale):
        routing.change(session, csr, ticket.id, wanted, now(), {ticket.version})


def test_a_stranger_sees_no_ticket(session: Session, ticket: TicketView) -> None:
    with pytest.raises(NotFound) as refused:
        tickets.get(session, an_actor(session), ticket.id)
    assert refused.value.code == "ticket_not_found"


def test_what_changes_the_status_wakes_the_assignment(
    session: Session, csr: Actor, ticket: TicketView
) -> None:
    outbox(session).wakes.clear()
    change(session, csr, ticket, priority="low")
    assert not outbox(session).wakes
    change(session, csr, ticket, status="resolved")
    assert outbox(session).wakes == {Job.DRAIN_ASSIGNMENT}


def test_the_first_answer_by_staff_is_remembered(
    session: Session, customer: Actor, csr: Actor, ticket: TicketView
) -> None:
    at = now()
    posts = [(customer, False), (csr, True), (csr, False), (csr, False)]
    for minutes, (actor, internal) in enumerate(posts):
        new = NewMessage(content="hello", internal=internal)
        messages.post(session, actor, ticket.id, new, at + timedelta(minutes=minutes))
    view = ticket_as(session, csr, ticket)
    assert view.first_response_at == at + timedelta(minutes=2)
