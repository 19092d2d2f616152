"""Who follows a ticket, and who is mentioned on it."""

from uuid import UUID

import pytest
from sqlalchemy.orm import Session

from desk.access import Actor, Audience
from desk.errors import Conflict, Forbidden, Invalid, NotFound
from desk.notifications import inbox
from desk.tickets import followers, messages, timeline
from desk.tickets.messages import NewMessage
from desk.tickets.views import TicketView
from models import NotificationKind, Role
from tests.factories import a_ticket, an_actor, now
from wire.shapes import timeline_event


@pytest.fixture
def other(session: Session) -> Actor:
    return an_actor(session, Role.CSR)


def told(session: Session, actor: Actor) -> list[NotificationKind]:
    return [row.kind for row in inbox.page(session, actor, unread=True, limit=9, before=None)]


def following(session: Session, actor: Actor, ticket: TicketView) -> list[UUID]:
    return [each.id for each in followers.followers(session, actor, ticket.id)]


def test_the_staff_follow_and_have_others_follow(
    session: Session, ticket: TicketView, customer: Actor, csr: Actor, other: Actor
) -> None:
    for _ in range(2):
        followers.follow(session, csr, ticket.id, csr.id)
        followers.follow(session, csr, ticket.id, other.id)
    assert set(following(session, csr, ticket)) == {csr.id, other.id}
    followers.unfollow(session, other, ticket.id, csr.id)
    assert following(session, csr, ticket) == [other.id]
    assert following(session, customer, ticket) == []
    with pytest.raises(Invalid, match="staff"):
        followers.follow(session, csr, ticket.id, customer.id)


def test_a_customer_speaks_for_themselves_and_on_their_own_ticket(
    session: Session, ticket: TicketView, customer: Actor, csr: Actor
) -> None:
    followers.follow(session, customer, ticket.id, customer.id)
    assert following(session, customer, ticket) == [customer.id]
    messages.post(session, customer, ticket.id, NewMessage(content="hello"), now())
    messages.post(session, csr, ticket.id, NewMessage(content="a note", internal=True), now())
    assert told(session, customer) == []
    followers.unfollow(session, customer, ticket.id, customer.id)
    for change in (followers.follow, followers.unfollow):
        with pytest.raises(Forbidden):
            change(session, customer, ticket.id, csr.id)
        with pytest.raises(NotFound):
            change(session, customer, a_ticket(session, csr).id, customer.id)


def test_so_many_follow_at_most(
    session: Session,
    ticket: TicketView,
    csr: Actor,
    other: Actor,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(followers, "MOST_FOLLOWERS", 1)
    followers.follow(session, csr, ticket.id, csr.id)
    followers.follow(session, csr, ticket.id, csr.id)
    with pytest.raises(Conflict):
        followers.follow(session, csr, ticket.id, other.id)


@pytest.mark.parametrize("internal", [False, True])
def test_who_is_mentioned_is_told_once_and_follows(
    session: Session, ticket: TicketView, csr: Actor, other: Actor, internal: bool
) -> None:
    new = NewMessage(content="@Other, look", internal=internal, mentions=(other.id, other.id))
    messages.post(session, csr, ticket.id, new, now())
    messages.post(session, csr, ticket.id, new, now())
    assert told(session, other) == [NotificationKind.MENTIONED] * 2
    assert told(session, csr) == []
    assert following(session, csr, ticket) == [other.id]
    event = timeline.after(session, ticket.id, 1, 9)[0]
    assert timeline_event(event, Audience.STAFF).data["mentions"] == [str(other.id)]
    if not internal:
        assert timeline_event(event, Audience.CUSTOMER).data["mentions"] == []


def test_nobody_else_is_mentioned(
    session: Session, ticket: TicketView, customer: Actor, csr: Actor
) -> None:
    for user_id in (customer.id, an_actor(session, Role.CSR, is_active=False).id, ticket.id):
        new = NewMessage(content="you", mentions=(user_id,))
        with pytest.raises(Invalid) as refused:
            messages.post(session, csr, ticket.id, new, now())
        assert refused.value.code == "not_mentionable"
    new = NewMessage(content="you", mentions=(csr.id,))
    with pytest.raises(Forbidden):
        messages.post(session, customer, ticket.id, new, now())
