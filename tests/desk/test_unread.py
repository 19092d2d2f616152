"""How much each person has not read, on each of their tickets."""

from uuid import UUID

from sqlalchemy.orm import Session

from desk.access import Actor
from desk.notifications import inbox
from desk.statements import ids
from desk.tickets import changed, messages, reading, views
from desk.tickets.filters import Filters
from desk.tickets.keyset import Sort
from desk.tickets.lists import ticket_list
from desk.tickets.messages import NewMessage
from desk.tickets.views import TicketView
from models import Notification, Role
from tests.factories import a_ticket, an_actor, now


def said(session: Session, actor: Actor, ticket: TicketView) -> None:
    messages.post(session, actor, ticket.id, NewMessage(content="…"), now())
    session.flush()


def test_unread_is_counted_per_ticket_when_several_were_read(session: Session) -> None:
    customer, csr = an_actor(session), an_actor(session, Role.CSR)
    first, second = a_ticket(session, customer), a_ticket(session, customer)
    for ticket in (first, second):
        said(session, csr, ticket)
        reading.mark_read(session, customer, ticket.id, 2)
    said(session, csr, second)

    listed = ticket_list(session, customer, Filters(), Sort("number"), 20, None).tickets
    assert {ticket.id: ticket.unread for ticket in listed} == {first.id: 0, second.id: 1}
    assert views.show(session, customer, second.id).unread == 1


def test_the_staff_s_and_the_customer_s_unread_are_their_own(session: Session) -> None:
    customer, csr, other = (an_actor(session, role) for role in (Role.USER, Role.CSR, Role.CSR))
    ticket, second = a_ticket(session, customer), a_ticket(session, customer)
    said(session, customer, ticket)
    said(session, csr, ticket)
    for read in (ticket, second):
        reading.mark_read(session, csr, read.id, 1)
        reading.mark_read(session, customer, read.id, 1)

    asked = ids([ticket.id, second.id])
    staff = {str(csr.id), str(other.id)}
    found = changed.FOR_STAFF.all(session, tickets=asked, people=ids(staff))
    assert {
        (person, view.id): view.unread
        for ticket_now in found
        for view, people in ticket_now.seen_by(staff)
        for person in people
    } == {
        (str(csr.id), ticket.id): 1,
        (str(csr.id), second.id): 0,
        (str(other.id), ticket.id): 2,
        (str(other.id), second.id): 0,
    }
    owner = ids([customer.id])
    shown = changed.FOR_CUSTOMERS.all(session, tickets=asked, people=owner)
    assert {each.ticket.id: each.ticket.unread for each in shown} == {ticket.id: 1, second.id: 0}


def test_what_is_read_of_a_ticket_is_read_in_the_inbox(session: Session) -> None:
    customer, csr = an_actor(session), an_actor(session, Role.CSR)
    ticket, other = a_ticket(session, customer), a_ticket(session, customer)

    def unread() -> list[tuple[UUID, int]]:
        session.expire_all()
        found = inbox.page(session, customer, unread=True, limit=10, before=None)
        told = [session.get_one(Notification, each.id) for each in found]
        return sorted((each.ticket_id, each.event_seq) for each in told)

    messages.post(session, csr, ticket.id, NewMessage(content="note", internal=True), now())
    for each in (ticket, ticket, other):
        said(session, csr, each)
    assert unread() == sorted([(ticket.id, 3), (ticket.id, 4), (other.id, 2)])
    reading.mark_read(session, customer, ticket.id, 2)  # The customer's number of the staff's 3.
    assert unread() == sorted([(ticket.id, 4), (other.id, 2)])
    reading.mark_read(session, customer, ticket.id, 3)
    assert unread() == [(other.id, 2)]
