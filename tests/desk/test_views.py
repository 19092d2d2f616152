"""A ticket as each side sees it, and how far each has read."""

from dataclasses import asdict
from uuid import uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from desk.access import Actor
from desk.assignment import routing
from desk.assignment.routing import Change
from desk.errors import NotFound
from desk.rows import PersonName
from desk.statements import ids
from desk.tickets import changed, messages, reading, tickets, views
from desk.tickets.filters import Filters
from desk.tickets.keyset import Sort
from desk.tickets.lists import ticket_list
from desk.tickets.messages import NewMessage
from desk.tickets.views import LastMessage, Side, TicketRow, TicketView
from models import ReadCursor, Role, Status, Ticket, User
from tests.factories import a_ticket, an_actor, now


def say(session: Session, actor: Actor, ticket: TicketView, *, internal: bool = False) -> None:
    new = NewMessage(content="hello", internal=internal)
    messages.post(session, actor, ticket.id, new, now())
    session.flush()


def tag(session: Session, actor: Actor, ticket: TicketView, *tags: str) -> None:
    wanted = Change.model_validate({"tags": list(tags)})
    routing.change(session, actor, ticket.id, wanted, now())


def as_row(session: Session, who: Actor, ticket: TicketView) -> TicketRow:
    values = asdict(views.show(session, who, ticket.id))
    del values["description"]
    for name, shape in (("customer", PersonName), ("assignee", PersonName)):
        values[name] = values[name] and shape(**values[name])
    values["last_message"] = values["last_message"] and LastMessage(**values["last_message"])
    return TicketRow(**values)


def unread(session: Session, ticket: TicketView, *actors: Actor) -> list[int]:
    return [views.show(session, actor, ticket.id).unread for actor in actors]


def test_what_only_staff_see_does_not_move_the_customers_view(
    session: Session, customer: Actor, csr: Actor, ticket: TicketView
) -> None:
    before = views.show(session, customer, ticket.id)
    say(session, csr, ticket, internal=True)
    tag(session, csr, ticket, "vip")
    assert views.show(session, customer, ticket.id) == before
    staff = views.show(session, csr, ticket.id)
    assert (staff.version, staff.seq, staff.tags) == (3, 3, ["vip"])
    assert staff.updated_at > before.updated_at
    say(session, csr, ticket)
    assert views.show(session, customer, ticket.id).seq == before.seq + 1
    assert views.show(session, csr, ticket.id).seq == 4


def test_both_sides_agree_on_all_else(
    session: Session, customer: Actor, csr: Actor, ticket: TicketView
) -> None:
    own, staff = (asdict(views.show(session, who, ticket.id)) for who in (customer, csr))
    assert own == staff


def test_unread_are_the_messages_of_others(
    session: Session, customer: Actor, csr: Actor, ticket: TicketView
) -> None:
    other = an_actor(session, Role.ADMIN)
    assert unread(session, ticket, customer, csr, other) == [0, 0, 0]
    say(session, customer, ticket)
    assert unread(session, ticket, customer, csr, other) == [0, 1, 1]
    say(session, csr, ticket)
    assert unread(session, ticket, customer, csr, other) == [1, 1, 2]
    say(session, csr, ticket, internal=True)
    assert unread(session, ticket, customer, csr, other) == [1, 1, 3]


def test_each_reads_by_the_numbers_of_their_audience(
    session: Session, customer: Actor, csr: Actor, ticket: TicketView
) -> None:
    say(session, csr, ticket, internal=True)  # 2, not numbered for customers
    say(session, csr, ticket)  # 3, the customer's 2
    say(session, customer, ticket)  # 4, the customer's 3
    say(session, csr, ticket)  # 5, the customer's 4
    reading.mark_read(session, customer, ticket.id, 2)
    assert unread(session, ticket, customer) == [1]
    reading.mark_read(session, customer, ticket.id, 4)
    assert unread(session, ticket, customer) == [0]
    reading.mark_read(session, csr, ticket.id, 3)
    assert unread(session, ticket, csr) == [1]
    reading.mark_read(session, csr, ticket.id, 4)
    assert unread(session, ticket, csr) == [0]


def test_reading_never_goes_back(
    session: Session, customer: Actor, csr: Actor, ticket: TicketView
) -> None:
    for _ in range(3):
        say(session, csr, ticket)
    reading.mark_read(session, customer, ticket.id, 4)
    for earlier in (2, 0):
        reading.mark_read(session, customer, ticket.id, earlier)
        assert unread(session, ticket, customer) == [0]


def test_reading_further_than_there_is_reads_what_there_is(
    session: Session, customer: Actor, csr: Actor, ticket: TicketView
) -> None:
    reading.mark_read(session, customer, ticket.id, 2**63 - 1)
    say(session, csr, ticket)
    assert unread(session, ticket, customer) == [1]


def test_only_who_sees_a_ticket_reads_it(session: Session, ticket: TicketView) -> None:
    with pytest.raises(NotFound):
        reading.mark_read(session, an_actor(session), ticket.id, 1)
    assert session.scalars(select(ReadCursor)).all() == []


def test_a_ticket_is_shown_to_its_customer_and_to_staff_alone(
    session: Session, customer: Actor, csr: Actor, ticket: TicketView
) -> None:
    for who in (customer, csr, an_actor(session, Role.ADMIN)):
        assert views.show(session, who, ticket.id).id == ticket.id
    for who, ticket_id in ((an_actor(session), ticket.id), (csr, uuid4())):
        with pytest.raises(NotFound):
            views.show(session, who, ticket_id)


def test_staff_have_own_tickets_too(
    session: Session, customer: Actor, csr: Actor, ticket: TicketView
) -> None:
    own = views.OWN[csr.audience]
    mine = a_ticket(session, csr)
    assert own.first(session, me=csr.id, ticket_id=mine.id) == mine
    assert own.first(session, me=csr.id, ticket_id=ticket.id) is None


def test_what_is_shown_unasked_is_what_each_would_see(
    session: Session, customer: Actor, csr: Actor, ticket: TicketView
) -> None:
    other = an_actor(session, Role.ADMIN)
    say(session, csr, ticket, internal=True)
    say(session, csr, ticket)
    reading.mark_read(session, other, ticket.id, 2)
    asked = ids([ticket.id])
    staff = {str(csr.id): csr, str(other.id): other}
    [found] = changed.FOR_STAFF.all(session, tickets=asked, people=ids(staff))
    shown = {person: row for row, people in found.seen_by(set(staff)) for person in people}
    assert shown == {key: as_row(session, who, ticket) for key, who in staff.items()}
    people = ids([customer.id, an_actor(session).id])
    [row] = changed.FOR_CUSTOMERS.all(session, tickets=asked, people=people)
    assert row == (customer.id, as_row(session, customer, ticket))


@pytest.mark.parametrize("sort", ["created_at", "updated_at"])
def test_a_list_shows_all_of_a_ticket_but_its_description(
    session: Session, customer: Actor, csr: Actor, ticket: TicketView, sort: str
) -> None:
    say(session, csr, ticket)
    tickets.set_status(session, csr, session.get_one(Ticket, ticket.id), Status.RESOLVED, now())
    session.flush()
    for who in (customer, csr):
        [row] = ticket_list(session, who, Filters(), Sort(sort), 2, None).tickets
        assert row == as_row(session, who, ticket)


def test_a_ticket_names_who_opened_it_and_who_has_it(
    session: Session, customer: Actor, csr: Actor, ticket: TicketView
) -> None:
    names = {who: session.get_one(User, who.id).full_name for who in (customer, csr)}
    assert ticket.customer == PersonName(customer.id, names[customer])
    assert ticket.assignee is None
    session.get_one(Ticket, ticket.id).assigned_to_id = csr.id
    for who in (customer, csr):
        shown = views.show(session, who, ticket.id)
        assert shown.customer == ticket.customer
        assert shown.assignee == PersonName(csr.id, names[csr])


def test_who_is_to_write_follows_from_the_last_message_and_never_from_a_note(
    session: Session, customer: Actor, csr: Actor, ticket: TicketView
) -> None:
    def shown() -> tuple[LastMessage | None, str | None]:
        """To both the same, and to the staff no note either."""
        own, staff = (views.show(session, who, ticket.id) for who in (customer, csr))
        assert (own.last_message, own.waiting_on) == (staff.last_message, staff.waiting_on)
        return staff.last_message, staff.waiting_on

    def waits() -> list[str | None]:
        last, waiting_on = shown()
        return [last.by if last else None, waiting_on]

    def set_status(status: Status) -> None:
        tickets.set_status(session, csr, session.get_one(Ticket, ticket.id), status, now())

    assert waits() == [None, "staff"]
    say(session, csr, ticket, internal=True)
    assert waits() == [None, "staff"]
    say(session, csr, ticket)
    assert waits() == ["staff", "customer"]
    before = shown()
    say(session, an_actor(session, Role.ADMIN), ticket, internal=True)
    tag(session, csr, ticket, "vip")
    assert shown() == before
    say(session, customer, ticket)
    assert waits() == ["customer", "staff"]
    for status, waiting in (
        (Status.RESOLVED, None),
        (Status.CLOSED, None),
        (Status.OPEN, "staff"),
        (Status.IN_PROGRESS, "staff"),
    ):
        set_status(status)
        assert waits() == ["customer", waiting]


def test_of_the_last_message_its_beginning_is_shown(
    session: Session, customer: Actor, csr: Actor, ticket: TicketView
) -> None:
    text = "🦺é\n" * 3_000
    posted = messages.post(session, csr, ticket.id, NewMessage(content=text), now()).event
    session.flush()
    last = views.show(session, customer, ticket.id).last_message
    assert last == LastMessage(posted.at, Side.STAFF, text[:200])
