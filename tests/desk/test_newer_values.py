"""Rows that a newer process wrote, read by this one while a new version is rolled out."""

from enum import StrEnum
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from desk.access import Actor, Audience
from desk.assignment import routing
from desk.assignment.routing import Change
from desk.errors import Conflict
from desk.events import StatusChanged
from desk.tickets import history, lists, messages, tickets, timeline, views
from desk.tickets.filters import Filters
from desk.tickets.messages import NewMessage
from models import Event, NotificationKind, Priority, Role, Status, Ticket, User
from models.base import Known, opaque
from tests.factories import a_ticket, an_actor, now
from wire import codec
from wire.presence import Seen
from wire.shapes import Recorded, timeline_event

CHECKS = ("ck_tickets_status", "ck_tickets_priority")


@pytest.fixture
def newer(session: Session) -> tuple[Actor, UUID]:
    """A CSR, and a ticket of a status, a priority and with an event that do not exist here."""
    customer, csr = an_actor(session), an_actor(session, Role.CSR)
    ticket_id = a_ticket(session, customer).id
    messages.post(session, customer, ticket_id, NewMessage(content="hello"), now())
    session.flush()
    for name in CHECKS:
        session.execute(text(f"alter table tickets drop constraint {name}"))
    where = {"id": ticket_id}
    session.execute(
        text("update tickets set status = 'snoozed', priority = 'cosmic' where id = :id"), where
    )
    session.execute(
        text(
            "update events set kind = 'merged', content = null, data = '{\"into\": 7}' "
            "where ticket_id = :id and seq = 2"
        ),
        where,
    )
    session.expire_all()
    return csr, ticket_id


def test_a_ticket_and_its_timeline_are_shown_with_the_words_as_they_are(
    session: Session, newer: tuple[Actor, UUID]
) -> None:
    csr, ticket_id = newer
    view = views.show(session, csr, ticket_id)
    assert codec.loads(codec.encode([view.status, view.priority])) == ["snoozed", "cosmic"]
    read = history.read(session, csr, ticket_id, 0, 10)
    assert [event.kind for event in read.events] == ["ticket_created", "merged"]
    (event,) = timeline.after(session, ticket_id, 1, 10)
    shown = timeline_event(event, Audience.CUSTOMER)
    assert (shown.kind, shown.data) == ("merged", {"into": 7})


def test_the_models_read_them_as_well_and_leave_them_as_they_are(
    session: Session, newer: tuple[Actor, UUID]
) -> None:
    csr, ticket_id = newer
    ticket = session.get_one(Ticket, ticket_id)
    assert (ticket.status, ticket.priority) == ("snoozed", "cosmic")
    assert session.get_one(Event, (ticket_id, 2)).kind == "merged"
    messages.post(session, csr, ticket_id, NewMessage(content="I look"), now())
    session.flush()
    session.expire_all()
    assert tickets.get(session, csr, ticket_id).priority == "cosmic"


def test_a_list_goes_on_after_them(session: Session, newer: tuple[Actor, UUID]) -> None:
    csr, ticket_id = newer
    ticket = views.show(session, csr, ticket_id)
    assert lists._position(ticket, "priority") == (0, ticket_id)
    assert lists.count(session, csr, Filters()) >= 1


@pytest.mark.parametrize("public_seq", [2, None])
def test_whom_a_new_kind_is_for_is_known_by_its_numbers(
    session: Session, newer: tuple[Actor, UUID], public_seq: int | None
) -> None:
    csr, ticket_id = newer
    event = session.get_one(Event, (ticket_id, 2))
    event.public_seq = public_seq
    session.flush()
    ticket = session.get_one(Ticket, ticket_id)
    customer = Actor(ticket.user_id, Role.USER)
    read = {who: history.read(session, who, ticket_id, 0, 10).events for who in (csr, customer)}
    hint = codec.loads_own(codec.encode(Recorded.of(event)))
    told = {who: Recorded.from_json(hint).for_audience(who.audience) for who in (csr, customer)}
    for who, is_for_them in ((csr, True), (customer, public_seq is not None)):
        assert [e.kind for e in read[who]] == ["ticket_created", "merged"][: 1 + is_for_them]
        assert (told[who] is not None) == is_for_them
        if (event_told := told[who]) is not None:
            assert (event_told.kind, event_told.data) == ("merged", {"into": 7})


def test_a_new_kind_that_says_something_is_shown_with_its_text(
    session: Session, newer: tuple[Actor, UUID]
) -> None:
    csr, ticket_id = newer
    event = session.get_one(Event, (ticket_id, 2))
    event.kind, event.content = "mail_received", "Dear desk"
    shown = timeline_event(event, csr.audience)
    said: dict[str, Any] = {"id": event.id, "client_id": None, "content": "Dear desk"}
    assert shown.data == said | {"attachments": [], "mentions": [], "into": 7}


def test_a_change_from_a_status_that_is_not_known_keeps_its_name(
    session: Session, newer: tuple[Actor, UUID]
) -> None:
    _, ticket_id = newer
    ticket = session.get_one(Ticket, ticket_id)
    changed = StatusChanged(from_=ticket.status, to=Status.OPEN)
    event = timeline.record(session, ticket, changed, None, now())
    session.flush()
    session.expire(event)
    assert event.data == {"from": "snoozed", "to": "open"}


def test_no_way_is_known_from_a_status_that_is_not_known(
    session: Session, newer: tuple[Actor, UUID]
) -> None:
    csr, ticket_id = newer
    with pytest.raises(Conflict, match="cannot go from snoozed"):
        routing.change(session, csr, ticket_id, Change(status=Status.OPEN), now())
    customer = Actor(tickets.get(session, csr, ticket_id).user_id, Role.USER)
    with pytest.raises(Conflict, match="cannot go from snoozed"):
        tickets.close(session, customer, ticket_id)


def test_a_hint_and_a_word_on_who_is_here_bring_them_on() -> None:
    ticket_id = "0195f3a0-0000-7000-8000-000000000000"
    event = {"ticket_id": ticket_id, "seq": 1, "kind": "merged", "actor_id": None}
    hint = {"event": event | {"at": now().isoformat(), "data": {}}, "public_seq": None}
    assert Recorded.from_json(hint).event.kind == "merged"
    viewer = {"user_id": ticket_id, "full_name": "Ann", "role": "observer"}
    assert Seen.from_json({"version": 1, "viewers": [viewer]}).viewers[0].role == "observer"


@pytest.mark.parametrize("enum", [Status, Priority, Role, NotificationKind])
def test_what_is_known_is_the_member_and_what_is_not_is_no_member(enum: type[StrEnum]) -> None:
    known = Known(enum)
    assert all(known[member.value] is member for member in enum)
    assert known["new"] == opaque(enum, "new") == "new"
    assert known["new"] not in list(enum)
    with pytest.raises(ValueError, match="new"):
        enum("new")


def test_a_role_that_is_not_known_gives_no_rights(session: Session) -> None:
    person = an_actor(session)
    session.execute(text("alter table users drop constraint ck_users_role"))
    session.execute(text("update users set role = 'observer' where id = :id"), {"id": person.id})
    session.expire_all()
    with pytest.raises(LookupError):
        session.get_one(User, person.id)
