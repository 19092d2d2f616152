"""A ticket that is somebody's own without having been opened by them."""

from collections.abc import Iterator
from itertools import pairwise, product

import pytest
from sqlalchemy.orm import Session

from desk.access import Actor
from desk.errors import NotFound
from desk.notifications import inbox
from desk.statements import ids
from desk.tickets import attachments, changed, drafts, history, lists, people, reading, tickets
from desk.tickets import messages as said
from desk.tickets.drafts import NewDraft
from desk.tickets.filters import Filters, OwnList
from desk.tickets.keyset import SORTS, Sort
from desk.tickets.messages import NewMessage
from desk.tickets.views import OWN, TicketView
from models import DraftKind, NotificationKind, Role, Status, Ticket
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
    for filters, field, descending in product(ASKED, SORTS, (True, False)):
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
