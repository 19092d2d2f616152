"""Messages and notes, posted once."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from desk.access import Actor
from desk.errors import Conflict, Forbidden, NotFound
from desk.events import MessagePosted, NotePosted, StatusChanged, TicketCreated
from desk.tickets import messages, tickets
from desk.tickets.messages import (
    LONGEST_SINCE,
    MOST_SINCE,
    AnsweredMeanwhile,
    NewMessage,
    Posted,
)
from desk.tickets.views import TicketView
from models import Event, Role, Status, Ticket
from tests.factories import a_ticket, an_actor, now


def post(session: Session, actor: Actor, ticket: TicketView, **fields: object) -> Posted:
    new = NewMessage.model_validate({"content": "hello"} | fields)
    return messages.post(session, actor, ticket.id, new, now())


def set_status(session: Session, csr: Actor, ticket: TicketView, status: Status) -> None:
    tickets.set_status(session, csr, session.get_one(Ticket, ticket.id), status, now())


def stored(session: Session, ticket: TicketView) -> list[str]:
    query = select(Event.kind).where(Event.ticket_id == ticket.id).order_by(Event.seq)
    return list(session.scalars(query))


def test_a_message_is_an_event_of_the_ticket(
    session: Session, customer: Actor, ticket: TicketView
) -> None:
    event, is_new = post(session, customer, ticket, content=" two\nlines ", client_id="a")
    assert is_new
    assert (event.seq, event.public_seq, event.kind) == (2, 2, MessagePosted.kind)
    assert (event.actor_id, event.content, event.client_id) == (customer.id, " two\nlines ", "a")


def test_a_note_has_no_public_number(session: Session, csr: Actor, ticket: TicketView) -> None:
    event = post(session, csr, ticket, internal=True).event
    assert (event.seq, event.public_seq, event.kind) == (2, None, NotePosted.kind)


def test_customers_write_no_notes(session: Session, customer: Actor, ticket: TicketView) -> None:
    with pytest.raises(Forbidden):
        post(session, customer, ticket, internal=True)
    assert stored(session, ticket) == [TicketCreated.kind]


@pytest.mark.parametrize("internal", [False, True])
def test_the_same_client_id_again_is_the_same_event(
    session: Session, csr: Actor, ticket: TicketView, internal: bool
) -> None:
    first = post(session, csr, ticket, client_id="a", internal=internal)
    again = post(session, csr, ticket, client_id="a", internal=internal)
    assert (again.event.id, again.is_new) == (first.event.id, False)
    assert len(stored(session, ticket)) == 2


def test_a_retry_is_answered_even_after_the_ticket_was_closed(
    session: Session, customer: Actor, csr: Actor, ticket: TicketView
) -> None:
    first = post(session, customer, ticket, client_id="a")
    set_status(session, csr, ticket, Status.CLOSED)
    assert post(session, customer, ticket, client_id="a").event.id == first.event.id
    assert stored(session, ticket)[-1] == StatusChanged.kind


def test_a_retry_does_not_reopen(
    session: Session, customer: Actor, csr: Actor, ticket: TicketView
) -> None:
    post(session, customer, ticket, client_id="a")
    set_status(session, csr, ticket, Status.RESOLVED)
    post(session, customer, ticket, client_id="a")
    assert session.get_one(Ticket, ticket.id).status is Status.RESOLVED


@pytest.mark.parametrize("other", [{"content": "bye"}, {"internal": True}])
def test_a_client_id_is_not_used_for_another_message(
    session: Session, csr: Actor, ticket: TicketView, other: dict[str, object]
) -> None:
    post(session, csr, ticket, client_id="a")
    with pytest.raises(Conflict) as refused:
        post(session, csr, ticket, client_id="a", **other)
    assert refused.value.code == "client_id_reused"


def test_client_ids_are_each_persons_and_each_tickets_own(
    session: Session, customer: Actor, csr: Actor, ticket: TicketView
) -> None:
    other = a_ticket(session, customer)
    posted = [
        post(session, customer, ticket, client_id="a"),
        post(session, csr, ticket, client_id="a"),
        post(session, customer, other, client_id="a"),
    ]
    assert all(one.is_new for one in posted)


def test_without_a_client_id_every_post_is_a_message(
    session: Session, customer: Actor, ticket: TicketView
) -> None:
    assert [post(session, customer, ticket).event.seq for _ in range(2)] == [2, 3]


@pytest.mark.parametrize("role", [Role.USER, Role.CSR])
def test_nobody_posts_on_a_closed_ticket(
    session: Session, customer: Actor, csr: Actor, ticket: TicketView, role: Role
) -> None:
    set_status(session, csr, ticket, Status.CLOSED)
    with pytest.raises(Conflict) as refused:
        post(session, customer if role is Role.USER else csr, ticket)
    assert refused.value.code == "ticket_closed"


def test_the_customers_message_reopens_a_resolved_ticket(
    session: Session, customer: Actor, csr: Actor, ticket: TicketView
) -> None:
    set_status(session, csr, ticket, Status.RESOLVED)
    post(session, customer, ticket)
    assert stored(session, ticket)[-2:] == [MessagePosted.kind, StatusChanged.kind]
    view = tickets.view(session, customer, session.get_one(Ticket, ticket.id))
    assert (view.status, view.resolved_at) == (Status.OPEN, None)


@pytest.mark.parametrize("internal", [False, True])
def test_staff_do_not_reopen_by_writing(
    session: Session, csr: Actor, ticket: TicketView, internal: bool
) -> None:
    set_status(session, csr, ticket, Status.RESOLVED)
    post(session, csr, ticket, internal=internal)
    assert session.get_one(Ticket, ticket.id).status is Status.RESOLVED


@pytest.mark.parametrize("internal", [False, True])
def test_a_stranger_sees_no_ticket(session: Session, ticket: TicketView, internal: bool) -> None:
    with pytest.raises(NotFound):
        post(session, an_actor(session), ticket, internal=internal)


def test_there_is_nothing_to_post_to_without_a_ticket(session: Session, csr: Actor) -> None:
    with pytest.raises(NotFound):
        messages.post(session, csr, uuid4(), NewMessage(content="hello"), now())


def refused(session: Session, actor: Actor, ticket: TicketView, seq: int) -> list[tuple[int, str]]:
    """What somebody is shown who has seen the ticket up to a number; of nothing, if they post."""
    try:
        with session.begin_nested():
            post(session, actor, ticket, expect_seq=seq)
            session.flush()
            raise LookupError
    except LookupError:
        return []
    except AnsweredMeanwhile as answered:
        return [(e.seq if actor.is_staff else e.public_seq or 0, e.kind) for e in answered.events]


def test_who_has_not_seen_what_somebody_else_has_said_is_shown_it(
    session: Session, customer: Actor, csr: Actor, ticket: TicketView
) -> None:
    other = an_actor(session, Role.CSR)
    post(session, csr, ticket, internal=True)  # 2
    post(session, customer, ticket)  # 3, the customer's 2
    set_status(session, csr, ticket, Status.IN_PROGRESS)  # 4, the customer's 3
    changed = StatusChanged.kind
    # Their own words, notes and changes answer nobody.
    assert refused(session, customer, ticket, 0) == []
    for who in (csr, other):
        assert refused(session, who, ticket, 3) == []
        shown = [(3, MessagePosted.kind), (4, changed)]
        assert refused(session, who, ticket, 2) == shown
        assert refused(session, who, ticket, 1) == [(2, NotePosted.kind), *shown]
    post(session, csr, ticket)  # 5, the customer's 4
    assert refused(session, csr, ticket, 4) == []
    assert refused(session, other, ticket, 4) == [(5, MessagePosted.kind)]
    assert refused(session, customer, ticket, 4) == []
    assert refused(session, customer, ticket, 2) == [(3, changed), (4, MessagePosted.kind)]
    assert refused(session, other, ticket, 2**63 - 1) == []


def test_what_is_shown_of_what_was_said_meanwhile_is_bounded(
    session: Session, customer: Actor, csr: Actor, ticket: TicketView
) -> None:
    for _ in range(MOST_SINCE + 5):
        post(session, csr, ticket)
    assert len(refused(session, customer, ticket, 1)) == MOST_SINCE
    for content in ("🦆" * 10_000, "x" * 10_000):
        for _ in range(10):
            post(session, csr, ticket, content=content)
        shown = len(refused(session, customer, ticket, MOST_SINCE + 6))
        assert 1 <= shown <= LONGEST_SINCE // 10_000


def test_a_retry_is_answered_whatever_was_said_since(
    session: Session, customer: Actor, csr: Actor, ticket: TicketView
) -> None:
    first = post(session, customer, ticket, client_id="a", expect_seq=1)
    post(session, csr, ticket)
    again = post(session, customer, ticket, client_id="a", expect_seq=1)
    assert (again.event.id, again.is_new) == (first.event.id, False)


def _updates(session: Session) -> tuple[int, int]:
    """Updates of tickets in this transaction: all, and those that wrote nothing into an index."""
    counted = text(
        "select n_tup_upd, n_tup_hot_upd from pg_stat_xact_user_tables where relname = 'tickets'"
    )
    session.flush()
    every, hot = session.execute(counted).one()
    return every, hot


def test_a_message_writes_nothing_into_an_index_of_tickets(
    session: Session, customer: Actor, csr: Actor, ticket: TicketView
) -> None:
    at = datetime(2030, 1, 1, 12, 1, tzinfo=UTC)
    messages.post(session, csr, ticket.id, NewMessage(content="first of its quarter"), at)
    every, hot = _updates(session)
    for minute, (actor, internal) in enumerate(
        [(customer, False), (csr, False), (csr, True)], start=1
    ):
        new = NewMessage(content="hello", internal=internal)
        messages.post(session, actor, ticket.id, new, at + timedelta(minutes=minute))
    assert _updates(session) == (every + 3, hot + 3)


def last_of(row: Ticket) -> tuple[int | None, bool | None, int | None, UUID | None]:
    """The last message, and the last message or note."""
    message = (row.last_message_seq, row.last_message_from_staff)
    return *message, row.last_said_seq, row.last_said_by


def test_a_ticket_knows_whose_its_last_message_is(
    session: Session, customer: Actor, csr: Actor, ticket: TicketView
) -> None:
    row = session.get_one(Ticket, ticket.id)
    known = [last_of(row)]
    for actor, internal in ((customer, False), (csr, False), (csr, True), (customer, False)):
        post(session, actor, ticket, internal=internal)
        known.append(last_of(row))
    assert known == [
        (None, None, 0, None),
        (2, False, 2, customer.id),
        (3, True, 3, csr.id),
        (3, True, 4, csr.id),
        (5, False, 5, customer.id),
    ]
