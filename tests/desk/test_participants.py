"""A ticket that is somebody's own without having been opened by them."""

from collections.abc import Iterator
from functools import partial
from itertools import pairwise, product

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from desk.access import Actor, Audience
from desk.accounts import accounts, addresses, customers
from desk.errors import Conflict, Invalid, NotFound
from desk.notifications import confirmations, inbox
from desk.statements import ids
from desk.tickets import (
    attachments,
    changed,
    drafts,
    fast_path,
    history,
    lists,
    participants,
    people,
    reading,
    tickets,
    timeline,
)
from desk.tickets import messages as said
from desk.tickets.drafts import NewDraft
from desk.tickets.filters import Filters, OwnList
from desk.tickets.keyset import SORTS, Sort
from desk.tickets.messages import NewMessage
from desk.tickets.views import OWN, TicketView
from models import DraftKind, EmailConfirmation, NotificationKind, Role, Status, Ticket, User
from tests.conftest import SECRET
from tests.desk.races import committing, overlapping, run
from tests.factories import a_ticket, an_actor, an_attachment, now

LIMIT = 3


@pytest.fixture
def copied(session: Session) -> Actor:
    """Somebody who is on copy of nothing yet."""
    return an_actor(session)


@pytest.fixture
def theirs(session: Session, ticket: TicketView, copied: Actor) -> Ticket:
    """Another's ticket that they are on copy of."""
    row = session.get_one(Ticket, ticket.id)
    row.participant_ids = [copied.id]
    session.flush()
    return row


def post(session: Session, actor: Actor, ticket: Ticket, *, internal: bool = False) -> None:
    said.post(session, actor, ticket.id, NewMessage(content="hello", internal=internal), now())


def told(session: Session, *actors: Actor) -> list[int]:
    return [inbox.count(session, actor, unread=True) for actor in actors]


def pages(session: Session, actor: Actor, filters: Filters, sort: Sort) -> Iterator[lists.Page]:
    page = lists.ticket_list(session, actor, filters, sort, LIMIT, None)
    yield page
    while page.after:
        page = lists.ticket_list(session, actor, filters, sort, LIMIT, page.after)
        yield page


def test_who_is_on_copy_reads_and_writes_as_the_customer(
    session: Session, theirs: Ticket, customer: Actor, copied: Actor, csr: Actor
) -> None:
    tickets.set_status(session, csr, theirs, Status.RESOLVED, now())
    post(session, copied, theirs)
    session.flush()
    assert theirs.status is Status.OPEN
    assert theirs.first_response_at is None
    assert theirs.last_message_from_staff is False
    attachments.readable(session, copied, an_attachment(session, copied, theirs.id).id)
    drafts.keep(
        session, copied, theirs.id, NewDraft(kind=DraftKind.REPLY, content="Yes", base_seq=1)
    )
    assert drafts.count(session, copied) == 1
    reading.mark_read(session, copied, theirs.id, 3)
    [left] = reading.UNREAD.all(session, tickets=ids([theirs.id]), people=ids([copied.id]))
    assert left.unread == 0
    assert OWN[copied.audience].first(session, me=copied.id, ticket_id=theirs.id)
    shown = changed.FOR_CUSTOMERS.all(
        session, tickets=ids([theirs.id]), people=ids([customer.id, copied.id])
    )
    assert {each.person for each in shown} == {customer.id, copied.id}
    for reader in (customer, copied):
        among = {each.id for each in people.in_timeline(session, reader, theirs.id)}
        assert among == {customer.id, copied.id, csr.id}
        met = people.met(session, reader, [customer.id, copied.id, csr.id])
        assert {each.id for each in met} == among
    assert tickets.close(session, copied, theirs.id).status is Status.CLOSED


def test_all_customers_and_followers_are_told(
    session: Session, theirs: Ticket, customer: Actor, copied: Actor, csr: Actor
) -> None:
    follower, left = an_actor(session, Role.CSR), an_actor(session)
    theirs.follower_ids = [follower.id, left.id]
    everybody = (customer, copied, csr, follower, left)
    post(session, copied, theirs)
    assert told(session, *everybody) == [1, 0, 0, 1, 0]
    post(session, customer, theirs)
    assert told(session, *everybody) == [1, 1, 0, 2, 0]
    post(session, csr, theirs)
    assert told(session, *everybody) == [2, 2, 0, 2, 0]
    post(session, csr, theirs, internal=True)
    assert told(session, *everybody) == [2, 2, 0, 3, 0]
    tickets.set_status(session, csr, theirs, Status.RESOLVED, now())
    assert told(session, *everybody) == [3, 3, 0, 4, 0]
    tickets.set_status(session, csr, theirs, Status.OPEN, now())
    kinds = [row.kind for row in inbox.page(session, follower, unread=True, limit=1, before=None)]
    assert kinds == [NotificationKind.REOPENED]


def test_who_is_taken_off_finds_nothing(session: Session, theirs: Ticket, copied: Actor) -> None:
    post(session, copied, theirs)
    file_id = an_attachment(session, copied, theirs.id).id
    theirs.participant_ids = []
    session.flush()
    for refused in (
        lambda: history.read(session, copied, theirs.id, 0, 9),
        lambda: post(session, copied, theirs),
        lambda: tickets.close(session, copied, theirs.id),
        lambda: attachments.readable(session, copied, file_id),
    ):
        with pytest.raises(NotFound):
            refused()
    assert lists.count(session, copied, OwnList()) == 0
    assert lists.count(session, copied, OwnList(q="broken")) == 0
    assert not people.met(session, copied, [theirs.user_id])
    assert told(session, copied) == [0]


ASKED = [
    OwnList(),
    OwnList(status=[Status.OPEN]),
    OwnList(status=[Status.OPEN, Status.CLOSED]),
    OwnList(category="billing"),
    OwnList(q="broken"),
    OwnList(q="broken", status=[Status.OPEN, Status.IN_PROGRESS]),
]


def test_a_list_of_one_s_own_has_both_in_order(session: Session, copied: Actor) -> None:
    other = an_actor(session)
    asked = [copied, other, other, copied, copied, other, other, other, copied]
    made = [a_ticket(session, actor).id for actor in asked]
    for ticket_id in made[2:]:
        row = session.get_one(Ticket, ticket_id)
        row.participant_ids = [copied.id] if row.user_id == other.id else []
    session.flush()
    every = [
        *product(ASKED[:1], SORTS, (True, False)),
        *product(ASKED[1:], ("created_at",), (True,)),
    ]
    for filters, field, descending in every:
        read = [*pages(session, copied, filters, Sort(field, descending))]
        found = [row for page in read for row in page.tickets]
        assert {row.id for row in found} == {made[0], *made[2:]}
        assert len(found) == lists.count(session, copied, filters) == len(made) - 1
        values = [row.id if field == "priority" else getattr(row, field) for row in found]
        assert all(a > b if descending else a < b for a, b in pairwise(values))


def test_the_number_of_another_s_ticket_is_not_in_a_list_of_one_s_own(
    session: Session, ticket: TicketView, csr: Actor
) -> None:
    assert lists.count(session, csr, OwnList(q=str(ticket.number))) == 0
    found = lists.ticket_list(session, csr, OwnList(q=str(ticket.number)), Sort(), LIMIT, None)
    assert not found.tickets


def test_a_customer_is_put_on_copy_once_and_taken_off(
    session: Session, ticket: TicketView, customer: Actor, copied: Actor, csr: Actor
) -> None:
    for _ in range(2):
        assert participants.put(session, csr, ticket.id, copied.id, now()).id == copied.id
        participants.put(session, csr, ticket.id, customer.id, now())
    assert [each.id for each in participants.participants(session, customer, ticket.id)] == [
        copied.id
    ]
    [row] = inbox.page(session, copied, unread=True, limit=9, before=None)
    assert row.kind is NotificationKind.ADDED
    for _ in range(2):
        participants.take_off(session, csr, ticket.id, copied.id, now())
    with pytest.raises(NotFound):
        participants.participants(session, copied, ticket.id)
    events = timeline.after(session, ticket.id, 1, 9, Audience.CUSTOMER)
    assert [event.data for event in events] == [
        {"added": [str(copied.id)], "removed": []},
        {"added": [], "removed": [str(copied.id)]},
    ]
    # Whose name the timeline says is known to whoever reads it.
    assert copied.id in {each.id for each in people.in_timeline(session, customer, ticket.id)}


def test_only_an_active_customer_is_put_on_copy(
    session: Session, ticket: TicketView, csr: Actor
) -> None:
    for user_id in (csr.id, an_actor(session, is_active=False).id, ticket.id):
        with pytest.raises(Invalid) as refused:
            participants.put(session, csr, ticket.id, user_id, now())
        assert refused.value.code == "not_a_customer"


def test_a_ticket_and_a_person_have_so_many_copies_at_most(
    session: Session, ticket: TicketView, copied: Actor, csr: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(participants, "MOST_PARTICIPANTS", 1)
    monkeypatch.setattr(participants, "MOST_COPIES", 1)
    participants.put(session, csr, ticket.id, copied.id, now())
    session.flush()
    for ticket_id, user_id in (
        (ticket.id, an_actor(session).id),
        (a_ticket(session, an_actor(session)).id, copied.id),
    ):
        with pytest.raises(Conflict):
            participants.put(session, csr, ticket_id, user_id, now())


def test_an_address_stands_for_its_account_or_makes_a_customer(
    session: Session, ticket: TicketView, copied: Actor, csr: Actor
) -> None:
    account = session.get_one(User, copied.id)
    address = account.email
    assert address
    put = customers.put_on_copy
    # Anybody may sign up with it.
    account.email_verified_at = None
    assert put(session, csr, ticket.id, address, now()).id != copied.id
    account.email_verified_at = now()
    assert put(session, csr, ticket.id, address, now()).id == copied.id
    made = put(session, csr, ticket.id, "ann.smith@example.com", now())
    assert (made.full_name, made.role) == ("ann.smith", Role.USER)
    other = a_ticket(session, copied)
    assert put(session, csr, other.id, "ann.smith@example.com", now()) == made
    [mailed] = session.scalars(select(User).where(User.visitor_email == "ann.smith@example.com"))
    assert mailed.email_verified_at


def test_who_confirms_an_address_has_what_was_put_on_copy_of_it(
    session: Session, ticket: TicketView, csr: Actor
) -> None:
    made = customers.put_on_copy(session, csr, ticket.id, "ann@example.com", now())
    account = Actor(
        accounts.create(session, "ann@example.com", "Ann", "x", is_confirmed=False).id, Role.USER
    )
    with pytest.raises(NotFound):
        tickets.get(session, account, ticket.id)
    confirmations.ask(session, account.id, "ann@example.com", SECRET, now())
    session.flush()
    token = confirmations.token(SECRET, session.scalars(select(EmailConfirmation.nonce)).one())
    addresses.verify(session, addresses.Verification(token=token), now())
    assert [each.id for each in participants.participants(session, account, ticket.id)] == [
        account.id
    ]
    with pytest.raises(NotFound):
        tickets.get(session, Actor(made.id, Role.USER), ticket.id)


@pytest.mark.parametrize("is_theirs", [True, False])
def test_who_is_taken_off_while_a_message_waits_neither_posts_it_nor_is_told(
    own_engine: Engine, is_theirs: bool
) -> None:
    with committing(own_engine) as session:
        ann, bob, csr = an_actor(session), an_actor(session), an_actor(session, Role.CSR)
        ticket = a_ticket(session, ann)
        participants.put(session, csr, ticket.id, bob.id, None)
    posting = fast_path.posting(bob if is_theirs else csr, ticket.id, NewMessage(content="hello"))
    _, theirs = overlapping(
        own_engine,
        lambda session: participants.take_off(session, csr, ticket.id, bob.id, None),
        lambda session: posting.statement.all(session, **posting.values),
    )
    assert [said.told for said in theirs.result() or ()] == ([] if is_theirs else [ann.id])
    if is_theirs:
        with pytest.raises(NotFound):
            run(own_engine, posting.otherwise)


def test_two_who_put_a_new_address_on_copy_at_once_make_one_customer(own_engine: Engine) -> None:
    with committing(own_engine) as session:
        ann, csr = an_actor(session), an_actor(session, Role.CSR)
        pair = [a_ticket(session, ann) for _ in range(2)]
    mine, theirs = overlapping(
        own_engine,
        *(
            partial(
                customers.put_on_copy,
                actor=csr,
                ticket_id=ticket.id,
                address="new@example.com",
                now=None,
            )
            for ticket in pair
        ),
    )
    assert theirs.result() == mine
