"""How far people have read, for themselves and for each other."""

from uuid import UUID

import pytest
from sqlalchemy.orm import Session

from desk.access import Actor
from desk.errors import NotFound
from desk.notifications import inbox
from desk.outbox import InboxRead, Outbox, outbox
from desk.statements import ids
from desk.tickets import messages, reading, views
from desk.tickets.messages import NewMessage
from desk.tickets.reading import PersonRead
from desk.tickets.views import TicketView
from models import Role
from tests.factories import a_ticket, an_actor, now


def say(session: Session, actor: Actor, ticket: TicketView, *, internal: bool = False) -> None:
    new = NewMessage(content="hello", internal=internal)
    messages.post(session, actor, ticket.id, new, now())
    session.flush()


def recorded(session: Session) -> Outbox:
    """What has left since the last call."""
    last: Outbox = outbox(session)
    session.info["outbox"] = Outbox()
    return last


def told(session: Session) -> list[tuple[UUID, int, int | None]]:
    """What the others are told of who has read how far."""
    return [(read.user_id, read.seq, read.public_seq) for read in recorded(session).reads]


def reads(session: Session, actor: Actor, ticket: TicketView) -> set[tuple[UUID, int]]:
    found: list[PersonRead] = reading.READS[actor.audience].all(
        session, ticket_id=ticket.id, me=actor.id
    )
    return {(read.user_id, read.seq) for read in found}


def test_a_mark_goes_back_for_its_person_and_for_nobody_else(
    session: Session, customer: Actor, csr: Actor, ticket: TicketView
) -> None:
    for _ in range(4):
        say(session, customer, ticket)
    say(session, csr, ticket)  # 6
    reading.mark_read(session, csr, ticket.id, 6)
    assert told(session) == [(csr.id, 6, 6)]
    reading.mark_unread(session, csr, ticket.id, 4)
    assert views.show(session, csr, ticket.id).unread == 2
    assert [moved.user_id for moved in outbox(session).moved] == [csr.id]
    assert told(session) == []
    assert reads(session, csr, ticket) == {(csr.id, 3)}
    assert reads(session, customer, ticket) == {(csr.id, 6)}
    # What they read again the others know already.
    reading.mark_read(session, csr, ticket.id, 5)
    assert views.show(session, csr, ticket.id).unread == 0
    reading.mark_read(session, csr, ticket.id, 6)
    assert told(session) == []
    say(session, customer, ticket)
    reading.mark_unread(session, csr, ticket.id, 1)
    reading.mark_read(session, csr, ticket.id, 7)
    assert told(session) == [(csr.id, 7, 7)]


def test_a_mark_never_goes_forward_by_going_back(
    session: Session, customer: Actor, csr: Actor, ticket: TicketView
) -> None:
    for _ in range(3):
        say(session, customer, ticket)
    reading.mark_unread(session, csr, ticket.id, 2)  # Nothing was read yet.
    reading.mark_read(session, csr, ticket.id, 2)
    recorded(session)
    for later in (3, 4, 5, 2**63 - 1):
        reading.mark_unread(session, csr, ticket.id, later)
    assert recorded(session).moved == []
    assert reads(session, csr, ticket) == {(csr.id, 2)}
    reading.mark_unread(session, csr, ticket.id, 0)
    assert (views.show(session, csr, ticket.id).unread, reads(session, csr, ticket)) == (3, set())


def test_a_customer_goes_back_by_their_own_numbers(
    session: Session, customer: Actor, csr: Actor, ticket: TicketView
) -> None:
    say(session, csr, ticket)  # 2
    say(session, csr, ticket, internal=True)
    say(session, csr, ticket)  # 4, the customer's 3
    say(session, csr, ticket)  # 5, the customer's 4
    reading.mark_read(session, customer, ticket.id, 4)
    reading.mark_unread(session, customer, ticket.id, 3)
    assert views.show(session, customer, ticket.id).unread == 2
    assert reads(session, customer, ticket) == {(customer.id, 2)}
    assert reads(session, csr, ticket) == {(customer.id, 5)}


def test_a_customer_learns_only_of_people_whom_their_timeline_names(
    session: Session, customer: Actor, csr: Actor, ticket: TicketView
) -> None:
    looks, notes = an_actor(session, Role.CSR), an_actor(session, Role.ADMIN)
    say(session, csr, ticket)
    say(session, notes, ticket, internal=True)
    for who in (csr, looks, notes):
        reading.mark_read(session, who, ticket.id, 3)
    # The note is in nobody's number.
    assert reads(session, customer, ticket) == {(csr.id, 2)}
    assert reads(session, csr, ticket) == {(who.id, 3) for who in (csr, looks, notes)}
    assert reads(session, an_actor(session), ticket) == set()


def test_only_who_sees_a_ticket_goes_back_on_it(session: Session, ticket: TicketView) -> None:
    with pytest.raises(NotFound):
        reading.mark_unread(session, an_actor(session), ticket.id, 1)


def test_what_is_read_of_the_inbox_leaves_with_its_ids(
    session: Session, customer: Actor, csr: Actor, ticket: TicketView
) -> None:
    for _ in range(2):
        say(session, csr, ticket)
    told = [notification.id for notification in recorded(session).notifications]
    reading.mark_read(session, customer, ticket.id, 3)
    [read] = recorded(session).inboxes
    assert read.ids is not None
    assert (read.user_id, read.role, set(read.ids)) == (customer.id, Role.USER, set(told))
    reading.mark_read(session, customer, ticket.id, 3)
    assert recorded(session).inboxes == []
    inbox.mark_all_read(session, customer, now())
    assert recorded(session).inboxes == [InboxRead(customer.id, Role.USER, None)]


def test_of_each_pair_it_is_counted_what_is_unread(
    session: Session, customer: Actor, csr: Actor, ticket: TicketView
) -> None:
    own = a_ticket(session, csr)
    say(session, csr, ticket, internal=True)
    say(session, csr, ticket)
    say(session, customer, ticket)
    pairs = [
        (ticket.id, customer.id), (ticket.id, csr.id), (own.id, csr.id), (own.id, customer.id),
    ]  # fmt: skip
    tickets, people = zip(*pairs, strict=True)
    found = reading.UNREAD.all(session, tickets=ids(tickets), people=ids(people))
    assert {(one.ticket_id, one.user_id): one.unread for one in found} == {
        (ticket.id, customer.id): 1,
        (ticket.id, csr.id): 1,
        (own.id, csr.id): 0,
    }
